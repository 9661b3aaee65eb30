package document

import "strings"

// dateNames are the names of months and of weekdays, Sunday first, as they stand
// within a date.
type dateNames struct {
	months, shortMonths []string // 12
	days, shortDays     []string // 7
}

// localeNames returns the names of one of the format's locales; English for one that
// is not known. Source: Unicode CLDR, format forms of months (so the genitive where a
// language has one), stand-alone forms of weekdays.
func localeNames(locale string) dateNames {
	language, _, _ := strings.Cut(strings.ReplaceAll(locale, "-", "_"), "_")
	switch language {
	case "cs":
		return words("ledna února března dubna května června července srpna září října listopadu prosince",
			"led úno bře dub kvě čvn čvc srp zář říj lis pro",
			"neděle pondělí úterý středa čtvrtek pátek sobota", "ne po út st čt pá so")
	case "da":
		return words("januar februar marts april maj juni juli august september oktober november december",
			"jan. feb. mar. apr. maj jun. jul. aug. sep. okt. nov. dec.",
			"søndag mandag tirsdag onsdag torsdag fredag lørdag", "søn. man. tirs. ons. tors. fre. lør.")
	case "nl":
		return words("januari februari maart april mei juni juli augustus september oktober november december",
			"jan. feb. mrt. apr. mei jun. jul. aug. sep. okt. nov. dec.",
			"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag", "zo ma di wo do vr za")
	case "fi":
		return words("tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta",
			"tammik. helmik. maalisk. huhtik. toukok. kesäk. heinäk. elok. syysk. lokak. marrask. jouluk.",
			"sunnuntai maanantai tiistai keskiviikko torstai perjantai lauantai", "su ma ti ke to pe la")
	case "fr":
		return words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
			"janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
			"dimanche lundi mardi mercredi jeudi vendredi samedi", "dim. lun. mar. mer. jeu. ven. sam.")
	case "de":
		return words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
			"Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
			"Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag", "So Mo Di Mi Do Fr Sa")
	case "it":
		return words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
			"gen feb mar apr mag giu lug ago set ott nov dic",
			"domenica lunedì martedì mercoledì giovedì venerdì sabato", "dom lun mar mer gio ven sab")
	case "no", "nb":
		return words("januar februar mars april mai juni juli august september oktober november desember",
			"jan. feb. mars apr. mai juni juli aug. sep. okt. nov. des.",
			"søndag mandag tirsdag onsdag torsdag fredag lørdag", "søn. man. tir. ons. tor. fre. lør.")
	case "pl":
		return words("stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
			"sty lut mar kwi maj cze lip sie wrz paź lis gru",
			"niedziela poniedziałek wtorek środa czwartek piątek sobota", "niedz. pon. wt. śr. czw. pt. sob.")
	case "pt":
		return words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
			"jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
			"domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado", "domingo segunda terça quarta quinta sexta sábado")
	case "es":
		return words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
			"ene feb mar abr may jun jul ago sept oct nov dic",
			"domingo lunes martes miércoles jueves viernes sábado", "dom lun mar mié jue vie sáb")
	case "sv":
		return words("januari februari mars april maj juni juli augusti september oktober november december",
			"jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec.",
			"söndag måndag tisdag onsdag torsdag fredag lördag", "sön mån tis ons tors fre lör")
	}
	return words("January February March April May June July August September October November December",
		"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
		"Sunday Monday Tuesday Wednesday Thursday Friday Saturday", "Sun Mon Tue Wed Thu Fri Sat")
}

func words(months, shortMonths, days, shortDays string) dateNames {
	return dateNames{strings.Fields(months), strings.Fields(shortMonths), strings.Fields(days), strings.Fields(shortDays)}
}
