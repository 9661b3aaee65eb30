package environmentapi_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/environmentapi"
)

var httpExample = regexp.MustCompile("(?s)```http\n([A-Z]+) (\\S+)\n(.*?)```")

// The examples of docs/projects.md work, one after the other.
func TestDocumentedProjects(t *testing.T) {
	s := newServer(t)
	ctx := t.Context()
	admin := s.adminToken()
	tpl := s.createTemplate("Poster", "/")
	c, err := s.Store.CreateCollection(ctx, tepin.System, tepin.Collection{EnvironmentID: s.env.ID, Name: "Summer"})
	check(t, err)
	_, err = s.Store.AddEntry(ctx, tepin.System, s.env.ID, c.ID, tpl.ID, "", nil)
	check(t, err)
	var settings environmentapi.Page[environmentapi.OutputSettings]
	s.do("GET", "/output/settings", call{}).want(t, 200, &settings)
	names := strings.NewReplacer("{template}", string(tpl.ID), "{collection}", string(c.ID), "{outputSettings}", string(settings.Data[0].ID),
		"{integration}", s.partner(tepin.AllScopes...).id, "{project}", string(s.createProject(tpl, "p").ID))

	page, err := os.ReadFile("../docs/projects.md")
	check(t, err)
	examples := httpExample.FindAllStringSubmatch(string(page), -1)
	if len(examples) < 9 {
		t.Errorf("only %d examples; is the page in another form now?", len(examples))
	}
	for _, e := range examples {
		k := call{token: admin}
		if strings.HasPrefix(e[2], "/projects") {
			k.token = ""
		}
		if body := strings.TrimSpace(names.Replace(e[3])); body != "" {
			k.body = body
		}
		if r := s.do(e[1], names.Replace(e[2]), k); r.StatusCode/100 != 2 {
			t.Errorf("%s %s: %d %s", e[1], e[2], r.StatusCode, r.body)
		}
	}
}
