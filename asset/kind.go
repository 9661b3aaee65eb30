package asset

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tepin/tepin"
)

// imageKind is a format of pictures that can be uploaded.
type imageKind struct{ extension, contentType string }

// sniffLen is how many bytes tell what a file is.
const sniffLen = 512

// imageKinds are told by how a file begins; "????" stands for any four bytes.
var imageKinds = []struct {
	magic string
	imageKind
}{
	{"\xff\xd8\xff", imageKind{"jpg", "image/jpeg"}},
	{"\x89PNG\r\n\x1a\n", imageKind{"png", "image/png"}},
	{"GIF87a", imageKind{"gif", "image/gif"}},
	{"GIF89a", imageKind{"gif", "image/gif"}},
	{"RIFF????WEBP", imageKind{"webp", "image/webp"}},
	{"II*\x00", imageKind{"tif", "image/tiff"}},
	{"MM\x00*", imageKind{"tif", "image/tiff"}},
}

// refused are formats that people try, and what to do instead.
var refused = []struct{ magic, what string }{
	{"%PDF-", "a PDF; PDF files cannot be used as media yet: export the page as PNG, JPG or TIFF"},
	{"%!PS", "a PostScript or EPS file; EPS files cannot be used as media yet: export it as PNG, JPG or TIFF"},
	{"8BPS", "a Photoshop file; PSD files cannot be used as media yet: export it as PNG, JPG or TIFF"},
	{"PK\x03\x04", "a zip archive; unpack it and upload the pictures one by one"},
	{"II+\x00", "a BigTIFF; save it as plain TIFF"},
	{"MM\x00+", "a BigTIFF; save it as plain TIFF"},
	{"????ftypavif", "an AVIF picture; convert it to PNG or JPG"},
	{"????ftyphei", "a HEIC picture; convert it to JPG"},
}

// imageKindOf tells from its first bytes what an uploaded picture is.
func imageKindOf(head []byte) (imageKind, error) {
	if len(head) == 0 {
		return imageKind{}, tepin.Errorf(tepin.Invalid, "the file is empty")
	}
	for _, k := range imageKinds {
		if begins(head, k.magic) {
			return k.imageKind, nil
		}
	}
	for _, k := range refused {
		if begins(head, k.magic) {
			return imageKind{}, tepin.Errorf(tepin.Unsupported, "the file is %s", k.what)
		}
	}
	text := strings.ToLower(string(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")))
	if strings.HasPrefix(text, "<") {
		return imageKind{}, tepin.Errorf(tepin.Unsupported, "the file is markup (SVG, HTML or XML); upload PNG, JPG, GIF, WebP or TIFF")
	}
	return imageKind{}, tepin.Errorf(tepin.Unsupported, "the file is not a picture of a known kind; upload PNG, JPG, GIF, WebP or TIFF")
}

func begins(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && head[i] != magic[i] {
			return false
		}
	}
	return true
}

// MaxName is the longest name of a template, project or media file, in characters.
const MaxName = 255

// CheckName refuses names that could not be shown or found again: empty, too long, or
// with control characters, slashes or broken UTF-8. What says whose name it is. It
// returns the name without surrounding space.
func CheckName(what, name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", tepin.Errorf(tepin.Invalid, "%s needs a name", what)
	case !utf8.ValidString(name):
		return "", tepin.Errorf(tepin.Invalid, "the name of %s is not valid UTF-8", what)
	case utf8.RuneCountInString(name) > MaxName:
		return "", tepin.Errorf(tepin.Invalid, "the name of %s is longer than %d characters", what, MaxName)
	case strings.ContainsAny(name, `/\`):
		return "", tepin.Errorf(tepin.Invalid, "the name of %s holds a slash; folders go into folderPath", what)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || isBidiControl(r) }):
		return "", tepin.Errorf(tepin.Invalid, "the name of %s holds control characters", what)
	}
	return name, nil
}

// isBidiControl reports the characters that reorder what follows them: a name must
// not disguise its own end.
func isBidiControl(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// CheckFolderName is [CheckName] for one folder. "." and ".." are no names.
func CheckFolderName(name string) (string, error) {
	name, err := CheckName("a folder", name)
	if name == "." || name == ".." {
		return "", tepin.Errorf(tepin.Invalid, "a folder cannot be called %q; folderPath names the folders from the root, as in /a/b", name)
	}
	return name, err
}

// CheckFolder brings a folder path into its one form: "/" or "/a/b". Empty means "/".
func CheckFolder(path string) (string, error) {
	if len(path) > tepin.MaxFolderPath {
		return "", tepin.Errorf(tepin.Invalid, "folderPath is longer than %d bytes", tepin.MaxFolderPath)
	}
	var clean strings.Builder
	depth := 0
	for part := range strings.SplitSeq(path, "/") {
		if part == "" {
			continue
		}
		part, err := CheckFolderName(part)
		if err != nil {
			return "", err
		}
		clean.WriteString("/" + part)
		if depth++; depth > tepin.MaxFolderDepth {
			return "", tepin.Errorf(tepin.Invalid, "folderPath names more than %d folders in each other", tepin.MaxFolderDepth)
		}
	}
	if clean.Len() == 0 {
		return "/", nil
	}
	return clean.String(), nil
}

// baseName is a file's name as its sender calls it, without directories.
func baseName(fileName string) string { return fileName[strings.LastIndexAny(fileName, `/\`)+1:] }

// withoutExtension takes away the extension of a name if it says what the file is.
func withoutExtension(name, extension string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return name
	}
	switch given := strings.ToLower(name[dot+1:]); {
	case given == extension, given == "jpeg" && extension == "jpg", given == "tiff" && extension == "tif":
		return name[:dot]
	}
	return name
}
