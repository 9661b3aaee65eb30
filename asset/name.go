package asset

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset/inspect"
)

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

// CheckMediaName is [CheckName] for the name of a media file, without its extension.
func CheckMediaName(name, extension string) (string, error) {
	return CheckName("the media file", withoutExtension(strings.TrimSpace(name), extension))
}

// Limits of what people add to media, in characters.
const (
	MaxOwnName = 100
	MaxOwnText = 1000
)

// CheckOwn refuses texts that cannot be added to a media file: what files say of
// themselves cannot be said by others. nil takes a text away.
func CheckOwn(own map[string]*string) error {
	refused := func(format string, args ...any) error {
		return &tepin.Error{Kind: tepin.Invalid, Path: "metaData", Message: fmt.Sprintf(format, args...)}
	}
	if len(own) > tepin.MaxOwn {
		return refused("at most %d entries can be changed at once", tepin.MaxOwn)
	}
	for name, text := range own {
		switch {
		case strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > MaxOwnName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
			return refused("the name of an entry is empty, longer than %d characters, or no plain text", MaxOwnName)
		case slices.Contains(inspect.Facts, name):
			return refused("%s is told from the file and cannot be changed; choose another name", name)
		case text != nil && (utf8.RuneCountInString(*text) > MaxOwnText || !utf8.ValidString(*text) || strings.ContainsRune(*text, 0)):
			return refused("the text of %s is longer than %d characters, or no text in UTF-8", tepin.Shorten(name, 50), MaxOwnText)
		}
	}
	return nil
}

// alsoCalled are other extensions of the same files.
var alsoCalled = map[string][]string{"jpg": {"jpeg", "jpe"}, "tif": {"tiff"}, "ai": {"pdf"}, "eps": {"epsf", "ps"}}

// withoutExtension takes away the extension of a name if it says what the file is.
func withoutExtension(name, extension string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return name
	}
	given := strings.ToLower(name[dot+1:])
	if given == extension || slices.Contains(alsoCalled[extension], given) {
		return name[:dot]
	}
	return name
}
