package environmentapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

const kitBody = `{"name":"House style","ofALaterVersion":{"b":[1.50,null]},
	"fonts":[{"fontFamilyId":"F","fontFamilyBrandKitGuid":"f1","fontConnectorId":"some-connector"}],
	"colors":[{"guid":"c1","name":"Red","type":"rgb","value":{"r":1,"g":2,"b":3},"displayValue":null,"note":"kept"},{"name":"Spot","type":"spotCmyk","value":"PANTONE 1","displayValue":{"c":0,"m":1,"y":0.5,"k":0}}],
	"characterStyles":[{"name":"Bold","brandKitColorGuid":"c1","brandKitFontFamilyGuid":"f1","fontStyleId":"s1","textStrokeColorGuid":null,"textIndent":"0 mm"}],
	"paragraphStyles":[{"name":"Body","fontSize":12,"textAlign":"left","typographicCase":"normal","zz":1}],
	"media":[{"name":"Logo","mediaConnectorId":"dam","mediaId":"asset 1"}],
	"themes":[{"name":"Dark","colors":[{"guid":"c1","name":"Red","type":"hex","value":"#ff0000"}]},{"id":"t2","name":"Darker","inheritsFrom":"Dark"}]}`

func TestBrandKits(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	var made environmentapi.BrandKit
	r := s.do("POST", "/brand-kits", call{token: admin, body: kitBody}).want(t, 201, &made)
	if made.ID == "" || made.Name != "House style" || made.DateCreated == nil || made.Colors[1].GUID == "" || made.Themes[0].ID == "" || made.Themes[1].ID != "t2" || made.Themes[0].DateCreated == nil {
		t.Errorf("%s", r.body)
	}
	for _, kept := range []string{`"ofALaterVersion":{"b":[1.50,null]}`, `"note":"kept"`, `"zz":1`, `"textStrokeColorGuid":null`, `"displayValue":null`} {
		if !strings.Contains(string(r.body), kept) {
			t.Errorf("%s was not kept: %s", kept, r.body)
		}
	}
	at := "/brand-kits/" + string(made.ID)
	r = s.do("GET", at, call{}).want(t, 200, nil)
	tag := r.Header.Get("ETag")
	if n := s.do("GET", at, call{header: map[string]string{"If-None-Match": tag}}); n.StatusCode != 304 || len(n.body) != 0 {
		t.Errorf("%d", n.StatusCode)
	}
	var page environmentapi.Page[environmentapi.BrandKitItem]
	s.do("GET", "/brand-kits?search=house", call{}).want(t, 200, &page)
	if len(page.Data) != 1 || page.Data[0].ID != made.ID {
		t.Errorf("%+v", page)
	}

	// What was got can be put back, and changes nothing but the time.
	before := string(r.body)
	r = s.do("PUT", at, call{token: admin, body: before, header: map[string]string{"If-Match": tag}}).want(t, 200, nil)
	if withoutTimes(string(r.body)) != withoutTimes(before) {
		t.Errorf("%s\nis not\n%s", r.body, before)
	}
	s.do("PUT", at, call{token: admin, body: before, header: map[string]string{"If-Match": tag}}).says(t, 412)

	// As a client of the original does it: other colours, whatever the styles say of the old.
	var kit map[string]any
	unmarshal(t, r.body, &kit)
	kit["colors"] = []any{map[string]any{"value": "#00ff00", "displayValue": nil, "name": "#00ff00", "type": "hex", "guid": tepin.NewID[string]()}}
	var updated environmentapi.BrandKit
	s.do("PUT", at, call{token: admin, body: kit}).want(t, 200, &updated)
	if len(updated.Colors) != 1 || len(updated.CharacterStyles) != 1 {
		t.Errorf("%+v", updated)
	}
	small := `{"name":"Small"}`
	r = s.do("POST", "/brand-kits", call{token: admin, body: small}).want(t, 201, nil)
	for _, list := range []string{"fonts", "colors", "characterStyles", "paragraphStyles", "media", "themes"} {
		if !strings.Contains(string(r.body), `"`+list+`":[]`) {
			t.Errorf("no %s: %s", list, r.body)
		}
	}
	foreign := s.NewToken(s.other, tepin.AllScopes...)
	s.do("GET", "/grafx/api/v1/environment/other"+at, call{token: foreign}).says(t, 404, "no such brand kit")
	s.do("DELETE", at, call{token: admin}).want(t, 204, nil)
	s.do("GET", at, call{}).says(t, 404, "no such brand kit")
}

// withoutTimes hides the one time that each answer of the same kit has differently.
func withoutTimes(body string) string {
	before, time, _ := strings.Cut(body, `"lastModifiedDate":"`)
	_, after, _ := strings.Cut(time, `"`)
	return before + after
}

func TestThemes(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	var kit environmentapi.BrandKit
	s.do("POST", "/brand-kits", call{token: admin, body: `{"name":"K","themes":[{"id":"t1","name":"Dark","x":1}]}`}).want(t, 201, &kit)
	at := "/brand-kits/" + string(kit.ID) + "/themes"
	var theme environmentapi.KitTheme
	r := s.do("POST", at, call{token: admin, body: `{"id":"t1","name":"Light","inheritsFrom":"Dark","media":[]}`}).want(t, 201, &theme)
	if theme.ID == "t1" || theme.ID == "" || theme.Name != "Light" {
		t.Errorf("%s", r.body)
	}
	s.do("POST", at, call{token: admin, body: `{"name":"light"}`}).says(t, 409, "of that name")
	var page environmentapi.Page[environmentapi.KitTheme]
	s.do("GET", at, call{}).want(t, 200, &page)
	if len(page.Data) != 2 || *page.Total != 2 {
		t.Errorf("%+v", page)
	}
	for _, name := range []string{"t1", "dark"} {
		r = s.do("GET", at+"/"+name, call{}).want(t, 200, nil)
		if !strings.Contains(string(r.body), `"x":1`) {
			t.Errorf("%s", r.body)
		}
	}
	s.do("PUT", at+"/Dark", call{token: admin, body: `{"id":"other","name":"Night","colors":[{"name":"Ink","type":"hex","value":"#000"}]}`}).want(t, 200, &theme)
	if theme.ID != "t1" || theme.Name != "Night" || len(theme.Colors) != 1 || theme.Colors[0].GUID == "" {
		t.Errorf("%+v", theme)
	}
	s.do("PUT", at+"/Night", call{token: admin, body: `{"name":"Night"}`, header: map[string]string{"If-Match": `"1"`}}).says(t, 412)
	for _, c := range []struct{ method, path string }{{"GET", at + "/absent"}, {"PUT", at + "/absent"}, {"DELETE", at + "/absent"}} {
		k := call{token: admin}
		if c.method == "PUT" {
			k.body = `{"name":"x"}`
		}
		s.do(c.method, c.path, k).says(t, 404, "no such theme")
	}
	s.do("PUT", at+"/t1", call{token: admin, body: `{"name":"Dark"}`}).want(t, 200, nil)
	s.do("DELETE", at+"/t1", call{token: admin}).want(t, 204, nil)
	s.do("GET", at+"/Light", call{}).want(t, 200, &theme)
	if theme.InheritsFrom != nil {
		t.Errorf("it inherits from %q, which is gone", *theme.InheritsFrom)
	}

	// Who adds at once loses nothing of the others'.
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			r, err := s.try("POST", at, call{token: admin, body: fmt.Sprintf(`{"name":"at once %d"}`, i)})
			if err != nil || r.StatusCode != 201 {
				t.Errorf("%v %d %s", err, r.StatusCode, r.body)
			}
		})
	}
	wg.Wait()
	s.do("GET", at, call{}).want(t, 200, &page)
	if len(page.Data) != 5 {
		t.Errorf("%d themes", len(page.Data))
	}
}

// A kit may name what the environment has, and what it named before; nothing else.
func TestBrandKitReferences(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	m := s.upload("logo.png", half(t, 8, 8))
	body := fmt.Sprintf(`{"name":"K","media":[{"name":"Logo","mediaConnectorId":"grafx-media","mediaId":"%s"}],"themes":[{"name":"T","media":[{"name":"Logo","remoteConnectorId":null,"assetId":"%s"}]}]}`, m.ID, m.ID)
	var kit environmentapi.BrandKit
	r := s.do("POST", "/brand-kits", call{token: admin, body: body}).want(t, 201, &kit)
	_, err := s.Store.DeleteMedia(t.Context(), tepin.System, s.env.ID, m.ID, nil)
	check(t, err)
	s.do("PUT", "/brand-kits/"+string(kit.ID), call{token: admin, body: string(r.body)}).want(t, 200, nil)
	s.do("POST", "/brand-kits", call{token: admin, body: strings.Replace(body, `"K"`, `"L"`, 1)}).says(t, 400, "media[0].mediaId", "no such media")
	s.refuses("PUT", "/brand-kits/"+string(kit.ID), admin, []bad{
		{`{"name":"K","media":[{"name":"Other","mediaId":"` + tepin.NewID[string]() + `"}]}`, 400, "no such media"},
		{`{"name":"K","fonts":[{"fontFamilyId":"` + tepin.NewID[string]() + `"}]}`, 400, "fonts[0].fontFamilyId"},
		{`{"name":"K","fonts":[{"fontFamilyId":"x"}]}`, 400, "no such font"},
		{`{"name":"K","characterStyles":[{"name":"a","brandKitColorGuid":"x"}]}`, 400, "no colour of the kit"},
		{`{"name":"K","themes":[{"name":"t","paragraphStyles":[{"name":"a","brandKitFontFamilyGuid":"x"}]}]}`, 400, "themes[0].paragraphStyles[0].brandKitFontFamilyGuid"},
	})
}

func TestRefusedBrandKits(t *testing.T) {
	s := newServer(t)
	admin := s.adminToken()
	s.do("POST", "/brand-kits", call{token: admin, body: `{"name":"House"}`}).want(t, 201, nil)
	with := func(member, value string) string { return `{"name":"x","` + member + `":` + value + `}` }
	color := func(value string) string { return with("colors", `[`+value+`]`) }
	s.refuses("POST", "/brand-kits", admin, []bad{
		{``, 400, "empty"},
		{`[]`, 400, "a JSON object"},
		{`null`, 400, "a JSON object"},
		{`{`, 400, "not valid JSON"},
		{`{}`, 400, "needs a name"},
		{`{"name":7}`, 400, "name"},
		{`{"Name":"x"}`, 400, "spelled name"},
		{`{"name":"HOUSE"}`, 409, "of that name"},
		{`{"name":"a\u0000"}`, 400, "control"},
		{with("colors", `{}`), 400, "expected a list"},
		{with("COLORS", `[]`), 400, "spelled colors"},
		{color(`7`), 400, "colors"},
		{color(`{"name":"a"}`), 400, "colors[0].type"},
		{color(`{"name":"a","type":"pink"}`), 400, "colors[0].type"},
		{color(`{"name":"a","type":"spot"}`), 400, "colors[0].type"},
		{color(`{"type":"rgb"}`), 400, "colors[0].name"},
		{color(`{"name":7,"type":"rgb"}`), 400, "expected a string"},
		{color(`{"name":"a","type":"rgb","value":"red"}`), 400, "colors[0].value"},
		{color(`{"name":"a","type":"rgb","value":{"r":1,"g":2}}`), 400, "colors[0].value.b"},
		{color(`{"name":"a","type":"rgb","value":{"r":1,"g":2,"b":256}}`), 400, "from 0 to 255"},
		{color(`{"name":"a","type":"rgb","value":{"r":1,"g":2,"b":1e999}}`), 400, ""},
		{color(`{"name":"a","type":"cmyk","value":{"c":1,"m":2,"y":3,"k":101}}`), 400, "from 0 to 100"},
		{color(`{"name":"a","type":"hex","value":"red"}`), 400, "#d64541"},
		{color(`{"name":"a","type":"spotHex","value":"x","displayValue":"red"}`), 400, "displayValue"},
		{color(`{"name":"a","type":"spotRgb","value":{}}`), 400, "the name of the spot colour"},
		{color(`{"guid":"c","name":"a","type":"hex"},{"guid":"c","name":"b","type":"hex"}`), 400, "colors[1].guid"},
		{with("characterStyles", `[{"name":"a"},{"name":"a"}]`), 400, "characterStyles[1].name"},
		{with("characterStyles", `[{"name":" "}]`), 400, "needs a name"},
		{with("characterStyles", `[{"name":"a","typographicCase":"Title"}]`), 400, "lowercase"},
		{with("characterStyles", `[{"name":"a","fontSize":"12"}]`), 400, "expected a number"},
		{with("characterStyles", `[{"name":"a","fontSize":-1}]`), 400, "fontSize"},
		{with("characterStyles", `[{"name":"a","underline":"yes"}]`), 400, "true or false"},
		{with("paragraphStyles", `[{"name":"a","textAlign":"middle"}]`), 400, "paragraphStyles[0].textAlign"},
		{with("media", `[{"name":"a"}]`), 400, "media[0].mediaId"},
		{with("media", `[{"name":"a","mediaConnectorId":"x","mediaId":"1"},{"name":"a","mediaConnectorId":"x","mediaId":"1"}]`), 400, "media[1].name"},
		{with("themes", `[7]`), 400, "themes"},
		{with("themes", `[null]`), 400, "themes[0]"},
		{with("themes", `[{}]`), 400, "themes[0].name"},
		{with("themes", `[{"name":"a","ID":"x"}]`), 400, "themes[0].id"},
		{with("themes", `[{"id":"x","name":"a"},{"id":"x","name":"b"}]`), 400, "themes[1].id"},
		{with("themes", `[{"id":"1","name":"a","inheritsFrom":"b"},{"id":"2","name":"b","inheritsFrom":"1"}]`), 400, "circle"},
		{with("themes", `[{"id":"1","name":"a","inheritsFrom":"1"}]`), 400, "circle"},
		{with("themes", `[{"name":"a","colors":[{"name":"a","type":"x"}]}]`), 400, "themes[0].colors[0].type"},
		{with("deep", strings.Repeat("[", 300)+strings.Repeat("]", 300)), 400, "deeper"},
		{with("big", `"`+strings.Repeat("x", 1<<20)+`"`), 413, "larger"},
		{"{\"name\":\"x\",\"bad\":\"\xff\"}", 400, "UTF-8"},
		{with("themes", `[`+strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 101), ",")+`]`), 400, "at most 100"},
		{with("colors", `[`+strings.TrimSuffix(strings.Repeat(`{"name":"a","type":"hex"},`, 1001), ",")+`]`), 400, "at most 1000"},
	})
	r := s.do("POST", "/brand-kits", call{token: admin, body: kitBody, header: map[string]string{"Content-Type": "text/plain"}})
	r.says(t, 415)
}
