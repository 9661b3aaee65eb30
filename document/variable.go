package document

import (
	"strings"
	"unicode/utf8"
)

// Variable describes one of a document's variables.
type Variable struct {
	ID       string
	Name     string
	Label    string
	Type     string // "shortText", "longText", "number", "boolean", "list", "date", "image", "group", …
	ReadOnly bool
	Required bool
	// Value is a string for texts, lists (the chosen item's value), dates
	// (yyyy-MM-dd) and images (the asset's id), a float64 for numbers, a bool for
	// booleans; nil for an empty date, list, number or image and for all other types.
	Value any
	Items []ListItem // of a list
}

// ListItem is one choice of a list variable.
type ListItem struct {
	Value   string
	Display string // what the text shows; empty = Value
}

// variable is a variable with all that formatting its value takes.
type variable struct {
	id, name, label, kind string
	readOnly, required    bool
	removeIfEmpty         bool // the paragraph goes when the value is empty
	dontBreak             bool
	prefix, suffix        affix

	text          string // shortText, longText
	maxCharacters int    // 0 = no limit
	flag          bool   // boolean
	items         []ListItem
	chosen        int // index in items, -1 = none
	image         imageValue
	number        *float64
	numbers       numberFormat
	date          string // yyyy-MM-dd, or empty
	dates         dateFormat
}

// affix is a text before or after a variable's value, which appears with it.
type affix struct{ text, character string }

// imageValue is what an image variable holds.
type imageValue struct {
	connector string
	asset     string // id or name; empty = no image
	mediaID   string // what a name was resolved to earlier
}

// variableKind returns the type in its present spelling; the oldest documents
// write all of it in lower case.
func variableKind(s string) string {
	for _, kind := range []string{"shortText", "longText", "richText", "image", "list", "boolean", "number", "date", "group", "dataSource"} {
		if strings.EqualFold(s, kind) {
			return kind
		}
	}
	return s
}

func (v value) variable() variable {
	x := variable{
		id:            v.needID("id"),
		name:          v.get("name").string(),
		label:         v.get("label").string(),
		kind:          variableKind(v.get("type").string()),
		readOnly:      v.get("isReadonly").bool(false),
		required:      v.get("isRequired").bool(false),
		removeIfEmpty: v.get("removeParagraphIfEmpty").bool(false),
		dontBreak:     v.get("dontBreak", "isDontBreak").bool(false),
		maxCharacters: int(min(max(v.get("maxCharacters").number(0), 0), MaxText)),
		prefix:        v.get("prefix").affix(),
		suffix:        v.get("suffix").affix(),
		chosen:        -1,
	}
	current := v.get("value")
	switch x.kind {
	case "shortText", "longText":
		x.text = current.string()
	case "boolean":
		x.flag = current.bool(false)
	case "number":
		x.number = current.optNumber()
		x.numbers = v.numberFormat()
	case "date":
		x.date = current.string()
		if x.date != "" && !validDate(x.date) {
			current.failf("expected a date as yyyy-MM-dd, found %q", x.date)
		}
		x.dates = v.dateFormat()
	case "list":
		v.readList(&x)
	case "image":
		x.image = current.imageValue()
	}
	return x
}

func (v value) affix() affix {
	switch {
	case !v.present():
		return affix{}
	case v.is(str):
		return affix{text: v.string()}
	}
	return affix{v.get("value").string(), v.get("style").id()}
}

func (v value) readList(x *variable) {
	for item := range v.get("items").elements() {
		x.items = append(x.items, item.listItem())
	}
	if chosen := v.get("selected", "value"); chosen.present() {
		x.chosen = x.find(chosen.listItem().Value)
	}
}

func (v value) listItem() ListItem {
	if v.is(object) {
		return ListItem{v.get("value").string(), v.get("displayValue").string()}
	}
	return ListItem{Value: v.string()}
}

// find returns the index of the list item with this value, the case of letters
// aside, or -1.
func (x *variable) find(value string) int {
	folded := -1
	for i, item := range x.items {
		if item.Value == value {
			return i
		}
		if folded < 0 && strings.EqualFold(item.Value, value) {
			folded = i
		}
	}
	return folded
}

func (v value) imageValue() imageValue {
	if v.is(str) {
		return imageValue{asset: v.string()}
	}
	return imageValue{
		connector: v.get("connectorId", "id").id(),
		asset:     v.get("assetId").id(),
		mediaID:   v.get("resolved").get("mediaId").id(),
	}
}

// Variables lists the document's variables in its own order.
func (d *Document) Variables() []Variable {
	list := make([]Variable, len(d.variables))
	for i, x := range d.variables {
		list[i] = Variable{
			ID: x.id, Name: x.name, Label: x.label, Type: x.kind,
			ReadOnly: x.readOnly, Required: x.required, Value: x.value(), Items: x.items,
		}
	}
	return list
}

// value is the variable's value as [Variable].Value has it.
func (x *variable) value() any {
	switch {
	case x.kind == "shortText" || x.kind == "longText":
		return x.text
	case x.kind == "boolean":
		return x.flag
	case x.kind == "number" && x.number != nil:
		return *x.number
	case x.kind == "list" && x.chosen >= 0:
		return x.items[x.chosen].Value
	case x.kind == "date" && x.date != "":
		return x.date
	case x.kind == "image" && x.image.asset != "":
		return x.image.asset
	}
	return nil
}

// piece is a part of a variable's text in one character style (empty = the text's
// own).
type piece struct{ text, character string }

// pieces is what the variable reads as within text: nothing when it is empty,
// otherwise its value between prefix and suffix.
func (x *variable) pieces() []piece {
	var core []piece
	switch x.kind {
	case "shortText":
		core = []piece{{text: oneLine(truncate(x.text, x.maxCharacters))}}
	case "longText":
		core = []piece{{text: truncate(x.text, x.maxCharacters)}}
	case "boolean":
		core = []piece{{text: map[bool]string{true: "true", false: "false"}[x.flag]}}
	case "number":
		if x.number != nil {
			core = x.numbers.format(*x.number)
		}
	case "date":
		core = []piece{{text: x.dates.format(x.date)}}
	case "list":
		if x.chosen >= 0 {
			item := x.items[x.chosen]
			core = []piece{{text: item.Display}}
			if item.Display == "" {
				core[0].text = item.Value
			}
		}
	}
	if len(core) == 0 || len(core) == 1 && core[0].text == "" {
		return nil
	}
	all := append([]piece{{x.prefix.text, x.prefix.character}}, core...)
	return append(all, piece{x.suffix.text, x.suffix.character})
}

// truncate cuts s to n characters; 0 = no limit. A line break, however it is written,
// is one character.
func truncate(s string, n int) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	if n == 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// oneLine turns line breaks into spaces.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
			return ' '
		}
		return r
	}, s)
}
