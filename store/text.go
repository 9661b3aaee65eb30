package store

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/tepin/tepin"
)

// nameKey is what names are ordered and compared by: case-folded, NFC. Made in Go,
// it is the same on both databases, whatever their collation.
func nameKey(name string) []byte {
	return norm.NFC.Bytes([]byte(cases.Fold().String(norm.NFC.String(name))))
}

// folderPath brings a folder's path to its stored form: "/" or "/a/b".
func folderPath(path string) string {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	return "/" + strings.Join(parts, "/")
}

// checkText refuses what PostgreSQL cannot store, on both databases.
func checkText(fields ...string) error {
	for _, s := range fields {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return tepin.Errorf(tepin.Invalid, "a text is not UTF-8, or contains the character U+0000; take that out")
		}
	}
	return nil
}

// maxKey is how long the key of a name or a folder may be, in bytes: two of them,
// with two ids, must fit into an entry of PostgreSQL's indexes (2,704 bytes). It holds
// 255 characters of almost any script.
const maxKey = 1200

// checkNames refuses names and folders that cannot be stored and indexed.
func checkNames(names ...string) error {
	if err := checkText(names...); err != nil {
		return err
	}
	for _, s := range names {
		if len(nameKey(s)) > maxKey {
			return tepin.Errorf(tepin.Invalid, "a name or a folder is too long: it has %d bytes; at most %d fit, which are 255 characters of almost any script", len(nameKey(s)), maxKey)
		}
	}
	return nil
}

// words splits a name into its different words, folded as in nameKey: runs of
// letters, marks and digits.
func words(name string) []string {
	var list []string
	seen := map[string]bool{}
	for _, w := range strings.FieldsFunc(string(nameKey(name)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}) {
		if !seen[w] {
			seen[w] = true
			list = append(list, w)
		}
	}
	return list
}

// index makes the words of an item's name the ones that find it.
func (t *tx) index(ctx context.Context, env tepin.EnvironmentID, kind, id, name string) error {
	if err := t.unindex(ctx, id); err != nil {
		return err
	}
	list := words(name)
	if len(list) == 0 {
		return nil
	}
	st := &statement{}
	common := st.arg(env) + `, ` + st.arg(kind) + `, ` + st.arg(id) + `, ` + st.arg(nameKey(name))
	var rows []string
	for _, w := range list {
		rows = append(rows, `(`+common+`, `+st.arg([]byte(w))+`)`)
	}
	_, err := t.exec(ctx, `INSERT INTO word (environment_id, kind, item_id, name_key, word) VALUES `+strings.Join(rows, `, `), st.args...)
	return err
}

// unindex makes an item unfindable.
func (t *tx) unindex(ctx context.Context, id string) error {
	_, err := t.exec(ctx, `DELETE FROM word WHERE item_id = $1`, id)
	return err
}
