package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// ETag is the entity tag of a version: never a hash of content (S15).
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// DetailedETag is the ETag of an answer that depends on more than the version of its
// resource: shown is all of it. As If-Match it stands for the version alone.
func DetailedETag(version int64, shown []byte) string {
	sum := sha256.Sum256(shown)
	return `"` + strconv.FormatInt(version, 10) + "." + hex.EncodeToString(sum[:detailBytes]) + `"`
}

const detailBytes = 8

// IfMatch returns the version that the request's If-Match header insists on, nil
// without the header or with "*". Weak tags count like strong ones: caches on the
// way weaken them. A tag that cannot be one of ours matches nothing: Stale.
func IfMatch(r *http.Request) (*int64, error) {
	tags := entityTags(r.Header, "If-Match")
	switch {
	case len(tags) == 0, len(tags) == 1 && tags[0] == "*":
		return nil, nil
	case len(tags) > 1:
		return nil, tepin.Errorf(tepin.Invalid, "If-Match has %d tags; send the ETag of the version that you have seen, alone", len(tags))
	}
	version, ok := tagVersion(tags[0])
	if !ok {
		return nil, tepin.Errorf(tepin.Stale, "If-Match is not an ETag of this resource; get it again and use the ETag of that answer")
	}
	return &version, nil
}

// NotModified reports whether the request's If-None-Match names the version, so
// that the answer is 304 without a body.
func NotModified(r *http.Request, version int64) bool {
	return HasTag(r, ETag(version))
}

// HasTag reports whether the request's If-None-Match names this ETag; weak tags count like
// strong ones.
func HasTag(r *http.Request, etag string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, tag := range entityTags(r.Header, "If-None-Match") {
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}

// entityTags splits a list of entity tags. Ours have no commas inside.
func entityTags(h http.Header, name string) []string { return listed(h, name) }

// tagVersion reads what [ETag] or [DetailedETag] wrote, weak or strong.
func tagVersion(tag string) (int64, bool) {
	tag = strings.TrimPrefix(tag, "W/")
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return 0, false
	}
	number, detail, detailed := strings.Cut(tag[1:len(tag)-1], ".")
	if sum, err := hex.DecodeString(detail); detailed && (err != nil || len(sum) != detailBytes) {
		return 0, false
	}
	version, err := strconv.ParseInt(number, 10, 64)
	return version, err == nil && strconv.FormatInt(version, 10) == number
}

// equalSecrets compares in constant time; the empty secret equals nothing.
func equalSecrets(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
