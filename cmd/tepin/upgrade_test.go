package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sample"
	"github.com/tepin/tepin/store/storetest"
)

// olderMigrations are those that the program had that left testdata/older.tar.gz.
var olderMigrations = []string{"0001_first.sql", "0002_token_server.sql"}

// older lays out an installation as the program of commit 29f263f left it, before there
// were folders, previews, people and connectors, and returns the name of its data and the
// credentials of its integration. It was the demo's; templates in folders whose paths
// differ in case, projects and media were added over HTTP, some were deleted, fonts waited
// to be confirmed, and the program was killed in the middle of a render. Left out are what
// was rendered and what is the sample's, which comes from here.
func older(t *testing.T, driver, database string) (data string, c clientCredentials) {
	t.Helper()
	dir := t.TempDir()
	files := unpack(t, "testdata/older.tar.gz")
	rows := string(files["database.sql"])
	if err := json.Unmarshal(files["secret.json"], &c); err != nil {
		t.Fatal(err)
	}
	if driver == "pgx" {
		rows = regexp.MustCompile(`X'([0-9a-f]*)'`).ReplaceAllString(rows, `'\x$1'`)
	} else {
		database = "file:" + filepath.Join(dir, "data", "tepin.db")
	}
	for name, b := range files {
		if strings.HasPrefix(name, "data") && name != "database.sql" {
			lay(t, filepath.Join(dir, name), b)
		}
	}
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text := `CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL);`
	for i, name := range olderMigrations {
		part, err := os.ReadFile("../../store/migration/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text += string(part) + fmt.Sprintf(`;INSERT INTO migration VALUES (%d, '%s', 0);`, i+1, name)
	}
	if _, err := db.Exec(text + rows); err != nil {
		t.Fatal(err)
	}
	laySample(t, db, filepath.Join(dir, "data", "files"))
	return filepath.Join(dir, "data"), c
}

// laySample puts the sample's fonts and picture where the rows say that they are.
func laySample(t *testing.T, db *sql.DB, files string) {
	t.Helper()
	_, picture := sample.Media()
	have := map[string][]byte{sumOf(picture): picture}
	for _, f := range sample.Fonts() {
		have[sumOf(f.Data)] = f.Data
	}
	list, err := db.Query(`SELECT blob_key, blob_sha256 FROM media UNION SELECT blob_key, blob_sha256 FROM font_style UNION SELECT blob_key, blob_sha256 FROM font_upload`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for list.Next() {
		var key, sum string
		if err := list.Scan(&key, &sum); err != nil {
			t.Fatal(err)
		}
		env, id, _ := strings.Cut(key, "/")
		if have[sum] == nil {
			t.Fatalf("%s is nothing of the sample", key)
		}
		lay(t, filepath.Join(files, env, id[len(id)-2:], id), have[sum])
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func lay(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func unpack(t *testing.T, name string) map[string][]byte {
	t.Helper()
	packed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// An installation of the release before goes on with this program, on both databases:
// what it had is there, in folders, with previews and renders, and counted; what came since
// is there with its defaults.
func TestUpgrade(t *testing.T) {
	for _, driver := range []string{"sqlite", "pgx"} {
		t.Run(driver, func(t *testing.T) {
			database := ""
			if driver == "pgx" {
				database = storetest.Postgres(t)
			}
			data, c := older(t, driver, database)
			s, stop := startOlder(t, data, database)
			u := upgraded{t, s, s.tokenWithin(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {string(c.ClientID)}, "client_secret": {c.ClientSecret}})}
			u.lists()
			u.makes()
			u.counts()
			stop()
			var out bytes.Buffer
			err := runAuditVerify(t.Context(), []string{"-data", data, "-key_dir", data + "-keys", "-database_url", database}, os.Getenv, &out, &out)
			if err != nil || !strings.Contains(out.String(), "The audit log is whole.") {
				t.Errorf("audit verify: %v\n%s", err, out.String())
			}
		})
	}
}

// startOlder starts this program on what older left; stop stops it.
func startOlder(t *testing.T, data, database string) (s *server, stop func()) {
	t.Helper()
	s, err := start(t.Context(), config{
		Listen: "127.0.0.1:0", PublicURL: "http://" + nodeHost, Data: data, KeyDir: data + "-keys", DatabaseURL: database, Audiences: []string{"https://chiligrafx.com"},
		Workers: 1, LogLevel: "error",
	}, startOptions{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.serve() }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			if err := errors.Join(s.stop(), <-served); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return s, stop
}

// upgraded asks the program that started on what an older one left.
type upgraded struct {
	*testing.T
	server *server
	token  string
}

func (u upgraded) get(path string) (int, string) {
	u.Helper()
	return u.server.asks(u.T, http.MethodGet, "/grafx/api/v1/environment/demo/"+path, u.token, nil)
}

type upgradedItem struct{ ID, Name, RelativePath string }

func (u upgraded) list(path string) []upgradedItem {
	u.Helper()
	status, body := u.get(path)
	var page struct{ Data []upgradedItem }
	if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK {
		u.Fatalf("%s: %d %s", path, status, body)
	}
	return page.Data
}

func (u upgraded) lists() {
	for path, want := range map[string][]string{
		"templates":                        {"Afterglow /", "Autumn /Campaigns", "Spring /Campaigns/2026", "Summer /Campaigns/2026/Süd"},
		"templates?folder=/campaigns/2026": {"Spring /Campaigns/2026"},
		"templates?search=spr":             {"Spring /Campaigns/2026"},
		"templates/directory":              {"Campaigns /", "Afterglow /"},
		"templates/folders":                {"2026 /Campaigns", "Campaigns /", "Süd /Campaigns/2026"},
		"media":                            {"afterglow /Sample", "beach /Pictures/Sea", "lost /Lost"},
		"media/folders":                    {"Lost /", "Pictures /", "Sample /", "Sea /Pictures"},
		"projects":                         {"Afterglow ", "Flyer ", "Poster "},
		"font-families":                    {"Manrope ", "Noto Serif Display "},
		"connectors":                       {"Fonts ", "Media "},
		"user-interfaces":                  {"[Default] "},
		"output/settings":                  {"Default GIF ", "Default HTML ", "Default JPG ", "Default MP4 ", "Default PDF ", "Default PNG "},
		"output/tasks":                     {"Flyer ", "Afterglow ", "Afterglow "},
	} {
		var have []string
		for _, v := range u.list(path) {
			have = append(have, v.Name+" "+v.RelativePath)
		}
		if !slices.Equal(have, want) {
			u.Errorf("%s: %q, want %q", path, have, want)
		}
	}
}

// makes sees that the render in whose middle the older program was killed is made, and a
// preview of a template.
func (u upgraded) makes() {
	within(u.T, 60*time.Second, "the older program's last render", func() bool {
		tasks, err := u.server.store.Tasks(u.Context(), u.environment().ID, tepin.Actor{Roles: tepin.Staff}, tepin.List{Limit: 10})
		return err == nil && len(tasks.Items) == 3 && !slices.ContainsFunc(tasks.Items, func(v tepin.Task) bool { return v.State != tepin.TaskFinished })
	})
	spring := u.list("templates?search=spring")[0].ID
	within(u.T, 60*time.Second, "a preview", func() bool {
		status, body := u.get("templates/" + spring + "/preview/medium")
		if status != http.StatusOK && status != http.StatusAccepted {
			u.Fatalf("the preview: %d %s", status, body)
		}
		return status == http.StatusOK && strings.HasPrefix(body, "\xff\xd8")
	})
}

// counts compares what is counted as stored with what there is.
func (u upgraded) counts() {
	env := u.environment().ID
	counted, err := u.server.store.Storage(u.Context(), env)
	there, errThere := u.server.store.Recount(u.Context(), env)
	if err := errors.Join(err, errThere); err != nil {
		u.Fatal(err)
	}
	maps.DeleteFunc(counted, func(_ tepin.StorageCategory, n int64) bool { return n == 0 })
	if !maps.Equal(counted, there) {
		u.Errorf("counted %v, there are %v", counted, there)
	}
	for category, want := range map[tepin.StorageCategory]int64{"assets": 3 * 669_707, "fonts": 135_764 + 137_536 + 138_000 + 559_120 + 591_052 + 135_764} {
		if counted[category] != want {
			u.Errorf("%s: %d bytes, want %d", category, counted[category], want)
		}
	}
}

func (u upgraded) environment() tepin.Environment {
	u.Helper()
	env, ok := u.server.access.Environment("demo")
	if !ok {
		u.Fatal("there is no environment demo")
	}
	return env
}
