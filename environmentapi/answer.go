package environmentapi

import (
	"encoding/json"
	"net/http"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/web"
)

// answer is what a typed operation answers.
type answer[T any] struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the resource, for If-None-Match and If-Match."`
	Body   T
}

// empty is an answer without a body.
type empty struct{ Status int }

// unsaid is an answer without a body about something that has a new version.
type unsaid struct {
	Status int
	ETag   string `header:"ETag" doc:"Version of the resource, for If-None-Match and If-Match."`
}

func ok[T any](body T) *answer[T] { return &answer[T]{Status: http.StatusOK, Body: body} }

// changed answers what a change has made of something.
func changed[T any](version int64, body T) *answer[T] {
	return &answer[T]{Status: http.StatusOK, ETag: web.ETag(version), Body: body}
}

// added answers what is new.
func added[T any](version int64, body T) *answer[T] {
	return &answer[T]{Status: http.StatusCreated, ETag: web.ETag(version), Body: body}
}

// versioned answers body with its ETag, or 304 if the caller has this version.
func versioned[T any](c web.Caller, version int64, body T) *answer[T] {
	a := changed(version, body)
	if web.NotModified(c.Request, version) {
		a.Status = http.StatusNotModified
	}
	return a
}

// target reads the id of what is to be changed, and the version that it has to have.
func target[T ~string](c web.Caller, noun, given string) (T, *int64, error) {
	ifVersion, err := web.IfMatch(c.Request)
	if err != nil {
		return "", nil, err
	}
	v, err := id[T](noun, given)
	return v, ifVersion, err
}

// notModified answers 304 and is true, if the caller of a hand-written operation has this
// version.
func notModified(w http.ResponseWriter, r *http.Request, version int64) bool {
	if !web.NotModified(r, version) {
		return false
	}
	w.Header().Set("ETag", web.ETag(version))
	w.WriteHeader(http.StatusNotModified)
	return true
}

// writeVersion answers a hand-written operation with the ETag of what it is about.
func writeVersion(w http.ResponseWriter, status int, version int64, body any) error {
	w.Header().Set("ETag", web.ETag(version))
	return writeJSON(w, status, body)
}

// writeJSON answers a hand-written operation.
func writeJSON(w http.ResponseWriter, status int, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client is gone; there is nobody to tell
	return nil
}

// serveDocument answers a stored document byte for byte.
func (a *API) serveDocument(w http.ResponseWriter, r *http.Request, name string, ref tepin.BlobRef, version int64) error {
	if notModified(w, r, version) {
		return nil
	}
	return a.serveBlob(w, r, ref, web.Blob{Name: name + ".json", ContentType: "application/json", ETag: web.ETag(version)})
}
