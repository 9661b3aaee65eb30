package web

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// Blob is something that a tenant supplied or a render made, on its way out.
type Blob struct {
	Name        string // for the download's file name; never a path
	ContentType string // anything outside the allow-list is sent as application/octet-stream
	Size        int64
	ETag        string // optional
	Inline      bool   // a raster that we encoded ourselves: may be shown in place
	// Open returns length bytes from offset.
	Open func(offset, length int64) (io.ReadCloser, error)
}

// tenantTypes are the media types that leave under their own name. No type that a
// browser would run or lay out in place is among them (S14).
var tenantTypes = map[string]bool{
	"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true, "image/tiff": true,
	"application/pdf": true, "application/zip": true, "application/json": true,
	"font/ttf": true, "font/otf": true, "video/mp4": true,
}

// ServeTenant is the only way out for bytes that are not ours (S14): a media type
// from an allow-list, never guessed; nothing that could run; as a download unless it
// is our own raster. One range (RFC 9110 §14) is honoured.
func ServeTenant(w http.ResponseWriter, r *http.Request, b Blob) error {
	contentType := b.ContentType
	if !tenantTypes[contentType] {
		contentType = "application/octet-stream"
	}
	disposition := "attachment"
	if b.Inline && (contentType == "image/png" || contentType == "image/jpeg") {
		disposition = "inline"
	}
	offset, length, partial, err := byteRange(r, b)
	if err != nil {
		return err
	}
	var source io.ReadCloser = http.NoBody
	if r.Method != http.MethodHead && length > 0 {
		if source, err = b.Open(offset, length); err != nil {
			return err
		}
	}
	defer source.Close()
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", disposition+fileName(b.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	if b.ETag != "" {
		h.Set("ETag", b.ETag)
	}
	status := http.StatusOK
	if partial {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", offset, offset+length-1, b.Size))
		status = http.StatusPartialContent
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if n, err := io.CopyN(w, source, length); err != nil {
		return fmt.Errorf("%d of %d bytes sent: %w", n, length, err)
	}
	return nil
}

// byteRange reads the Range header: one range is honoured, several or foreign units
// are answered whole, one beyond the end is a 416.
func byteRange(r *http.Request, b Blob) (offset, length int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if !ok || r.Method != http.MethodGet || strings.Contains(spec, ",") || b.Size == 0 {
		return 0, b.Size, false, nil
	}
	if cond := r.Header.Get("If-Range"); cond != "" && (cond != b.ETag || b.ETag == "") {
		return 0, b.Size, false, nil
	}
	from, to, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return 0, b.Size, false, nil
	}
	outside := &statusError{status: http.StatusRequestedRangeNotSatisfiable, detail: "the Range lies beyond the end of the file",
		header: http.Header{"Content-Range": {"bytes */" + strconv.FormatInt(b.Size, 10)}}}
	if from == "" { // the last bytes
		n, err := strconv.ParseInt(to, 10, 64)
		if err != nil || n < 0 {
			return 0, b.Size, false, nil
		}
		if n == 0 {
			return 0, 0, false, outside
		}
		n = min(n, b.Size)
		return b.Size - n, n, true, nil
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := b.Size-1, error(nil)
	if to != "" {
		last, err2 = strconv.ParseInt(to, 10, 64)
	}
	if err1 != nil || err2 != nil || first < 0 || last < first && first < b.Size {
		return 0, b.Size, false, nil
	}
	if first >= b.Size {
		return 0, 0, false, outside
	}
	last = min(last, b.Size-1)
	return first, last - first + 1, true, nil
}

// fileName is the filename parameters of Content-Disposition (RFC 6266): ASCII for
// old clients, UTF-8 for the others. Separators and control characters never leave.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) || '\u0080' <= r && r <= '\u009f' ||
			r == 0xfffd || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' || r == '\u200e' || r == '\u200f' {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	if runes := []rune(name); len(runes) > 150 {
		name = string(runes[len(runes)-150:]) // the extension is at the end
	}
	if name == "" {
		return ""
	}
	ascii := strings.Map(func(r rune) rune {
		if r > '~' || r == '%' {
			return '_'
		}
		return r
	}, name)
	out := `; filename="` + ascii + `"`
	if ascii != name {
		out += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return out
}

// NotFound is the answer for paths that no route has.
func NotFound(http.ResponseWriter, *http.Request) error {
	return tepin.Errorf(tepin.NotFound, "there is nothing at this path; the Swagger pages /grafx/swagger/index.html and /swagger/index.html list what there is")
}

// passedTypes are, beside [tenantTypes], the media types of other hosts' answers that leave
// under their own name: what scripts read. None of them is run or laid out in place.
var passedTypes = map[string]bool{"text/plain": true, "text/csv": true, "text/xml": true, "application/xml": true, "font/woff2": true, "image/avif": true}

// PassTenant is the way out for what another host answered to a connector (S14), as it
// comes: with the status and the headers that the caller has picked, whose Content-Type is
// kept if it is on a list. size is -1 where it is unknown.
func PassTenant(w http.ResponseWriter, r *http.Request, status int, header http.Header, size int64, body io.Reader) error {
	h := w.Header()
	for name, values := range header {
		h[name] = values
	}
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	json := strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
	switch charset := params["charset"]; {
	case err != nil || !tenantTypes[media] && !passedTypes[media] && !json:
		media = "application/octet-stream"
	case charset != "" && len(charset) <= 40 && isWord(charset):
		media += "; charset=" + charset
	}
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", "attachment")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	if size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if n, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("%d bytes sent: %w", n, err)
	}
	return nil
}
