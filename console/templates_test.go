package console_test

import (
	"archive/zip"
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tepin/tepin"
)

// send uploads a file as a page's script does.
func (b *browser) send(path, name string, data []byte) answer {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Content-Type": {w.FormDataContentType()}, "X-Csrf-Token": {b.csrf()}, "Accept": {"application/json"}}
	for _, c := range b.cookies {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{status: res.StatusCode, header: res.Header, body: string(raw)}
}

// A template leaves one environment as an archive and comes to another with its media and
// fonts; it is copied, and a project is made of it. Each by who may.
func TestTemplateArchives(t *testing.T) {
	r := newRig(t)
	r.fill()
	there := r.environment("There", "there", tepin.Production)
	everywhere := []tepin.EnvironmentRole{{EnvironmentID: r.env.ID, Role: tepin.EndUser}, {EnvironmentID: there.ID, Role: tepin.EndUser}}
	designer := r.as(tepin.Invitation{Email: "tds@example.com", TemplateDesigner: true, Environments: everywhere})
	user := r.as(tepin.Invitation{Email: "eu@example.com", Environments: everywhere})
	one := "/environments/" + string(r.env.ID) + "/templates/" + r.first("template")
	shelf := "/environments/" + string(there.ID) + "/templates"

	designer.get(one).want(t, "the panel of a designer", http.StatusOK, one+"/export", one+"/copy", one+"/use")
	if p := user.get(one); strings.Contains(p.body, one+"/copy") || !strings.Contains(p.body, one+"/use") {
		t.Error("a user is offered a copy, or no project")
	}
	packed := user.get(one + "/export")
	packed.want(t, "the archive", http.StatusOK)
	z, err := zip.NewReader(strings.NewReader(packed.body), int64(len(packed.body)))
	if err != nil || len(z.File) < 2 {
		t.Fatalf("no archive: %v", err)
	}
	if got := user.send(shelf, "poster.zip", []byte(packed.body)); got.status != http.StatusForbidden {
		t.Errorf("an end user imports: %d %s", got.status, got.body)
	}
	designer.send(shelf+"?folder=/Print", "poster.zip", []byte(packed.body)).want(t, "an import", http.StatusCreated)
	designer.send(shelf, "broken.zip", []byte("PK\x03\x04 nothing")).want(t, "no archive", http.StatusUnprocessableEntity, "zip")
	designer.send(shelf, "words.json", []byte("words")).want(t, "no document", http.StatusUnsupportedMediaType)
	list, err := r.Store.Templates(t.Context(), there.ID, tepin.List{Limit: 10, Folder: "/", Recursive: true})
	if err != nil || len(list.Items) != 1 || list.Items[0].Folder != "/Print" {
		t.Fatalf("imported: %+v %v", list.Items, err)
	}
	media, err := r.Store.MediaList(t.Context(), there.ID, tepin.List{Limit: 10, Folder: "/", Recursive: true})
	if err != nil || len(media.Items) != len(archived(z, "media/")) {
		t.Errorf("%d media came, the archive has %d: %v", len(media.Items), len(archived(z, "media/")), err)
	}

	user.post(one+"/copy", url.Values{}).want(t, "a copy by a user", http.StatusForbidden)
	copied := designer.post(one+"/copy", url.Values{})
	copied.want(t, "a copy", http.StatusSeeOther)
	designer.get(copied.header.Get("Location")).want(t, "the copy", http.StatusOK, "This is the copy of")
	used := user.post(one+"/use", url.Values{})
	used.want(t, "a project", http.StatusSeeOther)
	user.get(used.header.Get("Location")).want(t, "the project", http.StatusOK, "This is your project", "eu@example.com")
	designer.get(used.header.Get("Location")).want(t, "another's project", http.StatusNotFound)
	absent := "/environments/" + string(r.env.ID) + "/templates/" + tepin.NewID[string]()
	for _, path := range []string{"/copy", "/use"} {
		designer.post(absent+path, url.Values{}).want(t, path+" of nothing", http.StatusNotFound)
	}
	designer.get(strings.Replace(one, string(r.env.ID), string(there.ID), 1)+"/export").want(t, "by way of another environment", http.StatusNotFound)
}

func archived(z *zip.Reader, below string) (names []string) {
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, below) {
			names = append(names, f.Name)
		}
	}
	return names
}
