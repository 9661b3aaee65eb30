package console_test

import (
	"net/http"
	"testing"
)

func TestPagesRender(t *testing.T) {
	r := newRig(t)
	in, _ := r.integration("Web shop")
	b := r.signedIn()
	base := "/environments/" + string(r.env.ID)
	panel := base + "/integrations/" + string(in.ID)
	for _, path := range []string{
		"/", "/environments", "/environments/new", "/account", base, "/environments/demo", base + "/integrations", base + "/integrations/new",
		base + "/tasks", base + "/settings", panel, panel + "/permissions", panel + "/rotate", panel + "/delete",
	} {
		if p := b.get(path); p.status != http.StatusOK {
			t.Errorf("%s: status %d\n%s", path, p.status, p.body)
		}
	}
}
