package console

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/web"
)

// multipartRoom is what a form with a file may be larger than the file, in bytes.
const multipartRoom = 64 << 10

// openFiles begins to read a form that brings files. The token comes in a header, from
// scripts, or in the field before the files, from plain forms.
func (v *visit) openFiles() (csrf string, err error) {
	web.LimitBody(v.r, max(asset.MaxMedia, asset.MaxArchive)+multipartRoom)
	if v.files, err = v.r.MultipartReader(); err != nil {
		return "", unreadable(err)
	}
	if csrf = v.r.Header.Get("X-CSRF-Token"); csrf != "" {
		return csrf, nil
	}
	part, err := v.files.NextPart()
	if err != nil {
		return "", unreadable(err)
	}
	if part.FormName() != "csrf" {
		return "", nil // as of a form without one
	}
	raw, err := io.ReadAll(io.LimitReader(part, 200))
	if err != nil {
		return "", unreadable(err)
	}
	return string(raw), nil
}

// nextFile returns the next file of the form, or io.EOF.
func (v *visit) nextFile() (*multipart.Part, error) {
	if v.files == nil {
		return nil, tepin.Errorf(tepin.Unsupported, "This form brings no file. Choose one.")
	}
	for range 100 {
		part, err := v.files.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case err != nil:
			return nil, unreadable(err)
		case part.FormName() == "file" && part.FileName() != "":
			return part, nil
		}
	}
	return nil, tepin.Errorf(tepin.Invalid, "The form has more than 100 parts.")
}

// byScript reports whether a script of our pages asks, which reads JSON.
func (v *visit) byScript() bool {
	return strings.HasPrefix(v.r.Header.Get("Accept"), "application/json")
}

// uploaded ends an upload: a script hears what came of it, a plain form comes to the
// page at path.
func (v *visit) uploaded(name, path string) error {
	if !v.byScript() {
		v.leaveNotice(notice{Text: "“" + name + "” is uploaded."})
		return v.goTo(path)
	}
	raw, err := json.Marshal(map[string]string{"name": name, "path": path})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(http.StatusCreated)
	_, _ = v.w.Write(raw) // the browser is gone; there is nobody to tell
	return nil
}
