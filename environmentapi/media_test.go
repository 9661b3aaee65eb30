package environmentapi_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
	"github.com/tepin/tepin/sample"
)

// file is a part of a multipart body.
type file struct {
	part, name string
	data       []byte
}

// multi makes a multipart body and the header that goes with it.
func multi(t *testing.T, files ...file) call {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range files {
		part, err := w.CreateFormFile(f.part, f.name)
		check(t, err)
		_, err = part.Write(f.data)
		check(t, err)
	}
	check(t, w.Close())
	return call{body: io.Reader(&b), header: map[string]string{"Content-Type": w.FormDataContentType()}}
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	check(t, png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 20, 10))))
	return b.Bytes()
}

func TestMedia(t *testing.T) {
	s := newServer(t)
	data := picture(t)
	var made environmentapi.Asset
	s.do("POST", "/media?folderPath=/pictures&name=", multi(t, file{"note", "", []byte("x")}, file{"file", "beach.PNG", data})).want(t, 201, &made)
	if made.Name != "beach" || *made.Extension != "png" || made.RelativePath != "/pictures" || *made.Width != 20 || *made.Height != 10 {
		t.Errorf("%+v", made)
	}
	at := "/media/" + string(made.ID)
	var got environmentapi.Item[environmentapi.Asset]
	r := s.do("GET", at, call{}).want(t, 200, &got)
	if got.Data.ID != made.ID {
		t.Errorf("%s", r.body)
	}
	if r := s.do("GET", at, call{header: map[string]string{"If-None-Match": r.Header.Get("ETag")}}); r.StatusCode != 304 {
		t.Errorf("%d", r.StatusCode)
	}
	r = s.do("GET", at+"/download", call{}).want(t, 200, nil).tenant(t)
	if !bytes.Equal(r.body, data) || r.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(r.Header.Get("Content-Disposition"), `attachment; filename="beach.png"`) {
		t.Errorf("%v", r.Header)
	}
	if r := s.do("GET", at+"/download", call{header: map[string]string{"Range": "bytes=-4"}}); r.StatusCode != 206 || !bytes.Equal(r.body, data[len(data)-4:]) {
		t.Errorf("the last 4 bytes: %d %x", r.StatusCode, r.body)
	}
	for query, want := range map[string]int{"": 1, "?folder=/pictures&search=bea&includeItemsFromSubfolders=": 1, "?folder=/": 0} {
		if rows, _ := list[environmentapi.Asset](s, "/media"+query); len(rows) != want {
			t.Errorf("%q: %d rows", query, len(rows))
		}
	}
}

func TestRefusedMedia(t *testing.T) {
	s := newServer(t)
	data := picture(t)
	with := func(contentType string, body string) call {
		return call{body: io.Reader(strings.NewReader(body)), header: map[string]string{"Content-Type": contentType}}
	}
	for name, c := range map[string]struct {
		call   call
		path   string
		status int
		says   string
	}{
		"svg":         {multi(t, file{"file", "a.png", []byte("<svg onload='a()'/>")}), "", 422, "script"},
		"text":        {multi(t, file{"file", "a.png", []byte("hello")}), "", 415, "PNG"},
		"broken":      {multi(t, file{"file", "a.png", data[:18]}), "", 422, "damaged"},
		"empty":       {multi(t, file{"file", "a.png", nil}), "", 400, "empty"},
		"other part":  {multi(t, file{"picture", "a.png", data}), "", 400, "called file"},
		"no parts":    {multi(t), "", 400, ""},
		"json":        {call{body: "{}"}, "", 415, "multipart/form-data"},
		"no boundary": {with("multipart/form-data", "x"), "", 415, "multipart"},
		"cut":         {with("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"+string(data)), "", 400, "broke off"},
		"folder":      {multi(t, file{"file", "a.png", data}), "?folderPath=/..", 400, "folderPath"},
		"name":        {multi(t, file{"file", "a.png", data}), "?name=" + url.QueryEscape("../a"), 400, "slash"},
	} {
		t.Run(name, func(t *testing.T) {
			s.do("POST", "/media"+c.path, c.call).says(t, c.status, c.says)
			if n := s.files(); n != 0 {
				t.Errorf("%d files were left behind", n)
			}
		})
	}
}

// A client that hangs up in the middle leaves nothing; nor does one that announces more
// than is allowed.
func TestHangUp(t *testing.T) {
	s := newServer(t)
	send := func(length int64, body []byte) net.Conn {
		conn, err := net.Dial("tcp", s.http.Listener.Addr().String())
		check(t, err)
		_, err = fmt.Fprintf(conn, "POST /grafx/api/v1/environment/demo/media HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n", s.all, length)
		check(t, err)
		_, err = conn.Write(body)
		check(t, err)
		return conn
	}
	conn := send(10<<20, append([]byte("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"), append(picture(t), make([]byte, 1<<20)...)...))
	for deadline := time.Now().Add(5 * time.Second); s.files() == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was written while the upload was under way")
		}
	}
	check(t, conn.Close())
	for deadline := time.Now().Add(5 * time.Second); s.files() != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("files were left behind")
		}
	}
	conn = send(2<<30, nil)
	defer conn.Close()
	buf := make([]byte, 12)
	_, err := io.ReadFull(conn, buf)
	check(t, err)
	if string(buf) != "HTTP/1.1 413" {
		t.Errorf("2 GB: %s", buf)
	}
}

func TestFonts(t *testing.T) {
	s := newServer(t)
	regular, bold := sample.Fonts()[0], sample.Fonts()[1]
	var batch environmentapi.FontBatch
	s.do("POST", "/font-styles/temp", multi(t, file{"file", "one.ttf", regular.Data}, file{"file", "two.ttf", bold.Data}, file{"file", "web.woff", []byte("wOFF")})).want(t, 200, &batch)
	if len(batch.Data.FontFamilies) != 1 || batch.Data.FontFamilies[0] != regular.Family || len(batch.Data.PreloadedData) != 3 {
		t.Fatalf("%+v", batch)
	}
	one, web := batch.Data.PreloadedData[0], batch.Data.PreloadedData[2]
	if one.Name != regular.Style || one.FileName != "one.ttf" || !one.CanBeUploaded || len(one.Errors) != 0 || web.CanBeUploaded || !strings.Contains(web.Errors[0], "WOFF") {
		t.Errorf("%+v", batch)
	}
	temp := "/font-styles/temp/" + string(batch.BatchID)
	change := func(id tepin.FontStyleID, style string) []map[string]any {
		return []map[string]any{{"fontStyleId": id, "familyName": "Ours", "styleName": style}}
	}
	s.do("PATCH", temp, call{body: change(one.ID, "Same")}).want(t, 200, nil)
	var again environmentapi.FontBatch
	s.do("PATCH", temp, call{body: change(batch.Data.PreloadedData[1].ID, "Same")}).want(t, 200, &again)
	if last := again.Data.PreloadedData[1]; last.CanBeUploaded || len(last.Errors) == 0 {
		t.Errorf("a style twice in a batch: %+v", again)
	}
	s.do("POST", temp+"/confirm", call{}).says(t, 409, "twice")
	s.do("PATCH", temp, call{body: change(one.ID, "Regular")}).want(t, 200, nil)
	s.do("PATCH", temp, call{body: change("nothing", "x")}).says(t, 404)
	s.do("PATCH", temp, call{body: `[{"fontStyleId":"x"}]`}).says(t, 400, "familyName")
	s.do("PATCH", temp, call{body: change(one.ID, "a/b")}).says(t, 400, "slash")
	s.do("POST", "/grafx/api/v1/environment/other"+temp+"/confirm", call{token: s.NewToken(s.other, tepin.FontWrite)}).says(t, 404)
	var styles environmentapi.Item[[]environmentapi.FontStyle]
	s.do("POST", temp+"/confirm", call{}).want(t, 200, &styles)
	if len(styles.Data) != 2 || styles.Data[0].FamilyName != "Ours" || styles.Data[0].FileSize != int64(len(regular.Data)) {
		t.Fatalf("%+v", styles)
	}
	s.do("POST", temp+"/confirm", call{}).says(t, 404)

	families, _ := list[environmentapi.FontFamily](s, "/font-families?sortBy=Name&sortOrder=&search=our&limit=")
	if len(families) != 1 || families[0].FontStylesCount != 2 || strings.Join(families[0].Extensions, " ") != "ttf" {
		t.Fatalf("%+v", families)
	}
	rows, _ := list[environmentapi.FontStyle](s, "/font-families/"+string(families[0].ID)+"/styles?limit=1")
	if len(rows) != 2 {
		t.Errorf("%+v", rows)
	}
	at := "/font-styles/" + string(rows[0].ID)
	var got environmentapi.Item[environmentapi.FontStyle]
	s.do("GET", at, call{}).want(t, 200, &got)
	r := s.do("GET", at+"/download", call{}).want(t, 200, nil).tenant(t)
	if int64(len(r.body)) != got.Data.FileSize || r.Header.Get("Content-Type") != "font/ttf" {
		t.Errorf("%d bytes, %v", len(r.body), r.Header)
	}
	s.do("DELETE", "/font-styles", call{}).says(t, 400, "ids")
	s.do("DELETE", "/font-styles?ids="+string(rows[0].ID)+","+string(tepin.NewID[tepin.FontStyleID]()), call{}).says(t, 404)
	s.do("GET", at, call{}).want(t, 200, nil)
	s.do("DELETE", "/font-styles?ids="+string(rows[0].ID)+","+string(rows[1].ID), call{}).want(t, 204, nil)
	s.do("GET", at, call{}).says(t, 404)
	s.do("GET", "/font-families/"+string(families[0].ID)+"/styles", call{}).says(t, 404)
	s.do("POST", "/font-styles/temp", multi(t, file{"file", "a.woff2", []byte("wOF2")})).says(t, 422, "a.woff2", "WOFF")
	s.do("POST", "/font-styles/temp", multi(t, file{"x", "a.ttf", regular.Data})).says(t, 400, "called file")
}
