package environmentapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

// picture uploads one and returns it.
func (s *server) picture(folder, name string) environmentapi.Asset {
	s.t.Helper()
	var made environmentapi.Asset
	s.do("POST", "/media?folderPath="+url.QueryEscape(folder)+"&name="+url.QueryEscape(name), multi(s.t, file{"file", "a.png", picture(s.t)})).want(s.t, 201, &made)
	return made
}

// subject makes a subject type.
func (s *server) subject(name string) tepin.DefinitionID {
	s.t.Helper()
	d, err := s.Store.CreateDefinition(s.t.Context(), tepin.System, tepin.Definition{EnvironmentID: s.env.ID, Kind: tepin.SubjectType, Name: name, Content: []byte("{}")})
	check(s.t, err)
	return d.ID
}

// zero empties what an answer is read into.
func zero[T any](v *T) *T {
	*v = *new(T)
	return v
}

func TestChangeMedia(t *testing.T) {
	s := newServer(t)
	made := s.picture("/a", "beach")
	at := "/media/" + string(made.ID)
	person := s.subject("Person")

	var got environmentapi.Asset
	r := s.do("PATCH", at, call{body: map[string]any{"name": "Sea.PNG", "folderPath": "b//c", "metaData": map[string]any{"photographer": "Åda", "rating": "5"}, "subjectTypes": []any{"PERSON"}}}).want(t, 200, &got)
	if got.Name != "Sea" || got.RelativePath != "/b/c" || got.MetaData["photographer"] != "Åda" || got.MetaData["colorSpace"] != "RGB" || len(got.SubjectTypes) != 1 || r.Header.Get("ETag") != `"2"` {
		t.Errorf("%s", r.body)
	}
	s.do("PATCH", at, call{body: map[string]any{"metaData": map[string]any{"rating": nil}, "relativePath": "/"}}).want(t, 200, zero(&got))
	if got.RelativePath != "/" || got.MetaData["rating"] != "" || got.MetaData["photographer"] != "Åda" {
		t.Errorf("%+v", got)
	}
	var item environmentapi.Item[environmentapi.Asset]
	s.do("GET", at, call{}).want(t, 200, &item)
	if len(item.Data.SubjectTypes) != 1 || item.Data.SubjectTypes[0] != person {
		t.Errorf("%+v", item)
	}
	if rows, _ := list[environmentapi.Asset](s, "/media?folder=/&search=sea"); len(rows) != 1 || rows[0].SubjectTypes != nil {
		t.Errorf("the list has %+v", rows)
	}
	s.do("PATCH", at, call{body: map[string]any{"subjectTypes": []any{}}}).want(t, 200, zero(&got))
	if len(got.SubjectTypes) != 0 {
		t.Errorf("%+v", got)
	}

	// Other bytes: the name stays, what the bytes say does not.
	svg := []byte("<svg width='7' height='5'/>")
	stale := map[string]string{"If-Match": `"1"`}
	replaced := multi(t, file{"file", "other.jpg", svg})
	r = s.do("PUT", at, replaced).want(t, 200, zero(&got))
	if got.Name != "Sea" || *got.Extension != "svg" || *got.Width != 7 || got.MetaData["colorSpace"] != "" || got.MetaData["photographer"] != "Åda" || *got.FileSize != int64(len(svg)) {
		t.Errorf("%s", r.body)
	}
	r = s.do("GET", at+"/download", call{}).want(t, 200, nil).tenant(t)
	if !bytes.Equal(r.body, svg) || r.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), `attachment; filename="Sea.svg"`) {
		t.Errorf("%v", r.Header)
	}
	again := multi(t, file{"file", "other.jpg", svg})
	again.header["If-Match"] = `"1"`
	s.do("PUT", at, again).says(t, 412)
	s.do("PATCH", at, call{body: map[string]any{"name": "x"}, header: stale}).says(t, 412)
	s.do("DELETE", at, call{header: stale}).says(t, 412)
	if n := s.files(); n != 2 { // the first bytes wait for the sweep
		t.Errorf("%d files", n)
	}

	// Deleted, restored, deleted for good.
	s.do("DELETE", at, call{}).want(t, 200, &got)
	s.do("GET", at, call{}).says(t, 404)
	s.do("PATCH", at, call{body: map[string]any{"name": "x"}}).says(t, 404)
	s.do("DELETE", at, call{}).says(t, 404)
	s.do("POST", "/grafx/api/v1/environment/other"+at+"/restore", call{token: s.NewToken(s.other, tepin.MediaWrite)}).says(t, 404)
	s.do("POST", at+"/restore", call{}).want(t, 200, &got)
	s.do("GET", at+"/download", call{}).want(t, 200, nil)
	s.do("POST", at+"/restore", call{}).says(t, 404)
}

func TestDeleteManyMedia(t *testing.T) {
	s := newServer(t)
	one, two := s.picture("/", "one"), s.picture("/", "two")
	ids := func(ids ...any) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids...), " ", ","), "[]") }
	s.do("DELETE", "/media", call{}).says(t, 400, "ids")
	s.do("DELETE", "/media?ids=", call{}).says(t, 400, "id")
	s.do("DELETE", "/media?ids="+ids(one.ID, ",", tepin.NewID[tepin.MediaID]()), call{}).says(t, 404)
	s.do("GET", "/media/"+string(one.ID), call{}).want(t, 200, nil)
	s.do("DELETE", "/media?ids="+string(one.ID)+",%20"+strings.ToUpper(string(two.ID))+","+string(one.ID), call{}).want(t, 204, nil)
	s.do("GET", "/media/"+string(one.ID), call{}).says(t, 404)
	s.do("GET", "/media/"+string(two.ID), call{}).says(t, 404)
}

func TestRefusedMediaChanges(t *testing.T) {
	s := newServer(t)
	made := s.picture("/a", "beach")
	at := "/media/" + string(made.ID)
	many := map[string]any{}
	for i := range tepin.MaxOwn + 1 {
		many[fmt.Sprint(i)] = "x"
	}
	for name, c := range map[string]struct {
		body   any
		status int
		says   string
	}{
		"nothing":       {map[string]any{}, 400, "nothing to change"},
		"no object":     {`[]`, 400, "object"},
		"no JSON":       {`{`, 400, "JSON"},
		"slash":         {map[string]any{"name": "../x"}, 400, "slash"},
		"empty":         {map[string]any{"name": " "}, 400, "name"},
		"number":        {map[string]any{"name": 7}, 400, "name"},
		"folder":        {map[string]any{"folderPath": "/../etc"}, 400, "folderPath"},
		"bidi":          {map[string]any{"name": "gnp.\u202eexe"}, 400, "control"},
		"long":          {map[string]any{"name": strings.Repeat("x", 256)}, 400, "255"},
		"told":          {map[string]any{"metaData": map[string]any{"colorSpace": "CMYK"}}, 400, "told from the file"},
		"text":          {map[string]any{"metaData": map[string]any{"a": 1}}, 400, "metaData"},
		"long text":     {map[string]any{"metaData": map[string]any{"a": strings.Repeat("x", 1001)}}, 400, "1000"},
		"NUL":           {map[string]any{"metaData": map[string]any{"a": "\x00"}}, 400, "metaData"},
		"no key":        {map[string]any{"metaData": map[string]any{"": "x"}}, 400, "name"},
		"many":          {map[string]any{"metaData": many}, 400, "50"},
		"subject":       {map[string]any{"subjectTypes": []any{"x"}}, 400, "subjectTypes"},
		"other subject": {map[string]any{"subjectTypes": []any{tepin.NewID[string]()}}, 400, "no such subject type"},
		"huge":          {map[string]any{"name": strings.Repeat("x", 1<<18)}, 413, ""},
	} {
		t.Run(name, func(t *testing.T) { s.do("PATCH", at, call{body: c.body}).says(t, c.status, c.says) })
	}
	s.do("PATCH", at, call{body: "x", header: map[string]string{"Content-Type": "text/plain"}}).says(t, 415)
	s.do("PATCH", "/media/x", call{body: map[string]any{"name": "x"}}).says(t, 404)
	s.do("PUT", at, call{body: "{}"}).says(t, 415, "multipart")
	s.do("PUT", at, multi(t, file{"x", "a.png", picture(t)})).says(t, 400, "called file")
	s.do("PUT", at, multi(t, file{"file", "a.png", []byte("hello")})).says(t, 415)
	s.do("PUT", at, multi(t, file{"file", "a.svg", []byte("<svg><script/></svg>")})).says(t, 422, "script")
	s.do("PUT", "/media/"+string(tepin.NewID[tepin.MediaID]()), multi(t, file{"file", "a.png", picture(t)})).says(t, 404)
	if n := s.files(); n != 1 {
		t.Errorf("%d files, of one picture", n)
	}
	var got environmentapi.Item[environmentapi.Asset]
	s.do("GET", at, call{}).want(t, 200, &got)
	if got.Data.Name != "beach" || len(got.Data.MetaData) != len(made.MetaData) {
		t.Errorf("%+v", got)
	}
}

// Folders come before files, page by page, where they are asked for.
func TestMediaDirectory(t *testing.T) {
	s := newServer(t)
	for _, folder := range []string{"/", "/a", "/a/x", "/b"} {
		s.picture(folder, "in "+folder[strings.LastIndex(folder, "/")+1:])
	}
	show := func(query string) string {
		rows, _ := list[environmentapi.Asset](s, "/media"+query)
		var names []string
		for _, r := range rows {
			names = append(names, fmt.Sprintf("%d:%s", r.Type, strings.TrimSuffix(r.RelativePath, "/")+"/"+r.Name))
			if (r.Type == 1) != (r.FileSize == nil) {
				t.Errorf("%+v", r)
			}
		}
		return strings.Join(names, " ")
	}
	for query, want := range map[string]string{
		"/directory?limit=1":                             "1:/a 1:/b 0:/in",
		"?includeFolders=true&folder=&search=&sortBy=":   "1:/a 1:/b 0:/in",
		"?includeFolders=true&folder=/a&limit=1":         "1:/a/x 0:/a/in a",
		"?includeFolders=&folder=/a":                     "0:/a/in a",
		"?folder=/a&includeItemsFromSubfolders=true":     "0:/a/in a 0:/a/x/in x",
		"?includeFolders=true&search=a":                  "1:/a 0:/a/in a",
		"?includeFolders=false&sortBy=ID&sortOrder=DESC": "0:/b/in b 0:/a/x/in x 0:/a/in a 0:/in",
	} {
		if got := show(query); got != want {
			t.Errorf("%s: %s, not %s", query, got, want)
		}
	}
	s.do("GET", "/media/directory?folder=/nowhere", call{}).says(t, 404)
	s.do("GET", "/media?includeFolders=perhaps", call{}).says(t, 400, "includeFolders")
}

func TestVision(t *testing.T) {
	s := newServer(t)
	made := s.picture("/", "beach")
	at := "/media/" + string(made.ID) + "/vision"
	person, dog := s.subject("Person"), s.subject("Dog")
	var v environmentapi.Vision
	r := s.do("GET", at, call{}).want(t, 200, &v)
	if v.ManualCrop != nil || v.VisionCrop.PointOfInterest.X != 0.5 || v.VisionCrop.SubjectArea.Width != 1 || v.VisionCrop.Category != nil || v.VisionCrop.DetectedObjects == nil || !strings.Contains(string(r.body), `"manualCropMetadata":null`) {
		t.Errorf("%s", r.body)
	}
	if r := s.do("GET", at, call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}}); r.StatusCode != 304 {
		t.Errorf("%d", r.StatusCode)
	}
	area := map[string]any{"x": 0.5, "y": 0, "width": 0.5, "height": 0.5}
	set := func(point, area any) call {
		return call{body: map[string]any{"manualCropMetadata": map[string]any{"pointOfInterest": point, "subjectArea": area}}}
	}
	s.do("PUT", at, set(map[string]any{"x": 0.6, "y": 0.2}, area)).want(t, 200, &v)
	if v.ManualCrop.SubjectArea.Width != 0.5 || v.VisionCrop.PointOfInterest.X != 0.6 {
		t.Errorf("%+v", v)
	}
	var of environmentapi.SubjectVision
	s.do("PUT", at+"/subject-types/"+string(person), set(nil, area)).want(t, 200, &of)
	if of.Name != "Person" || of.ManualCrop.PointOfInterest != nil || of.VisionCrop.PointOfInterest.X != 0.75 || of.VisionCrop.PointOfInterest.Y != 0.25 {
		t.Errorf("%+v", of)
	}
	s.do("GET", at+"/subject-types/"+string(dog), call{}).want(t, 200, &of)
	if of.ManualCrop != nil {
		t.Errorf("%+v", of)
	}
	s.do("GET", at+"?expand=allSubjectTypes", call{}).want(t, 200, &v)
	if len(v.SubjectTypes) != 1 || v.SubjectTypes[0].ID != person || v.SubjectTypes[0].ManualCrop == nil || v.ManualCrop == nil {
		t.Errorf("%+v", v)
	}
	var item environmentapi.Item[environmentapi.Asset]
	s.do("GET", "/media/"+string(made.ID), call{}).want(t, 200, &item)
	if len(item.Data.SubjectTypes) != 1 {
		t.Errorf("%+v", item)
	}
	s.do("PUT", at, call{body: `{"manualCropMetadata":null}`}).want(t, 200, &v)
	if v.ManualCrop != nil {
		t.Errorf("%+v", v)
	}
	for name, c := range map[string]struct {
		call   call
		status int
		says   string
	}{
		"empty":   {set(nil, nil), 400, "pointOfInterest"},
		"left":    {call{body: `{}`}, 400, "manualCropMetadata"},
		"large":   {set(map[string]any{"x": 1.5, "y": 0}, nil), 400, "x"},
		"small":   {set(map[string]any{"x": 0, "y": -0.1}, nil), 400, "y"},
		"outside": {set(nil, map[string]any{"x": 0.6, "y": 0, "width": 0.5, "height": 1}), 400, "leaves the picture"},
		"flat":    {set(nil, map[string]any{"x": 0, "y": 0, "width": 0, "height": 1}), 400, "width"},
		"text":    {set("middle", nil), 400, "pointOfInterest"},
		"stale":   {call{body: set(map[string]any{"x": 0, "y": 0}, nil).body, header: map[string]string{"If-Match": `"1"`}}, 412, ""},
	} {
		t.Run(name, func(t *testing.T) { s.do("PUT", at, c.call).says(t, c.status, c.says) })
	}
	s.do("GET", at+"?expand=everything", call{}).says(t, 400, "expand")
	s.do("GET", at+"/subject-types/"+tepin.NewID[string](), call{}).says(t, 404)
	s.do("PUT", at+"/subject-types/x", set(nil, area)).says(t, 404)
	s.do("GET", "/media/"+tepin.NewID[string]()+"/vision", call{}).says(t, 404)
	check(t, s.Store.DeleteDefinition(t.Context(), tepin.System, s.env.ID, tepin.SubjectType, person, nil))
	var after environmentapi.Vision
	s.do("GET", at+"?expand=ALLSUBJECTTYPES", call{}).want(t, 200, &after)
	if len(after.SubjectTypes) != 0 {
		t.Errorf("a subject that has gone: %+v", after)
	}
}

func TestExternalMedia(t *testing.T) {
	s := newServer(t)
	sum := sha256.Sum256([]byte("connector" + "asset"))
	at := "/external-media/" + hex.EncodeToString(sum[:]) + "/vision"
	crop := call{body: `{"manualCropMetadata":{"pointOfInterest":{"x":0.1,"y":0.2}}}`}
	person := s.subject("Person")
	s.do("GET", at, call{}).says(t, 404)
	s.do("PUT", at, crop).says(t, 404)
	s.do("PUT", at+"/subject-types/"+string(person), crop).says(t, 404)
	var v environmentapi.Vision
	s.do("POST", at, multi(t, file{"file", "a.png", picture(t)})).want(t, 200, &v)
	if v.ManualCrop != nil || s.files() != 0 {
		t.Errorf("%+v, %d files", v, s.files())
	}
	s.do("PUT", at, crop).want(t, 200, &v)
	s.do("PUT", at+"/subject-types/"+string(person), crop).want(t, 200, nil)
	s.do("POST", at, multi(t, file{"file", "a.png", picture(t)})).want(t, 200, nil)
	r := s.do("GET", at+"?expand=allSubjectTypes", call{}).want(t, 200, &v)
	if v.ManualCrop.PointOfInterest.Y != 0.2 || len(v.SubjectTypes) != 1 {
		t.Errorf("%s", r.body)
	}
	s.do("GET", at+"/subject-types/"+string(person), call{}).want(t, 200, nil)
	s.do("GET", "/grafx/api/v1/environment/other"+at, call{token: s.NewToken(s.other, tepin.MediaRead)}).says(t, 404)
	for _, id := range []string{"x", strings.ToUpper(hex.EncodeToString(sum[:])), hex.EncodeToString(sum[:]) + "0"} {
		s.do("GET", "/external-media/"+id+"/vision", call{}).says(t, 400, "SHA-256")
		s.do("POST", "/external-media/"+id+"/vision", multi(t, file{"file", "a.png", picture(t)})).says(t, 400, "SHA-256")
	}
	s.do("POST", at, call{body: "{}"}).says(t, 415)
	s.do("POST", at, multi(t, file{"file", "a.gif", []byte("GIF89a..........")})).says(t, 415, "GIF", "PNG")
	s.do("POST", at, multi(t, file{"file", "a.png", picture(t)[:20]})).says(t, 422, "damaged")
	s.do("POST", at, multi(t, file{"file", "a.png", append(picture(t), make([]byte, 10<<20)...)})).says(t, 413, "10 MB")
	s.do("POST", at, multi(t, file{"file", "a.png", make([]byte, 12<<20)})).says(t, 413)
	if n := s.files(); n != 0 {
		t.Errorf("%d files were left behind", n)
	}
}
