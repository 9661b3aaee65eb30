package storetest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tepin/tepin"
)

// Fill says how much an environment is filled with, the same each time.
type Fill struct {
	Environment tepin.EnvironmentID // of which there is nothing yet but what came with it
	Number      int                 // 0 to 15; tells the ids of several environments apart

	Items        int // templates, and as many media
	Projects     int
	Tasks        int
	Families     int // of fonts, with two styles each
	Integrations int // with a secret each that nobody knows; at least one
}

// What is known of the rows that [Fill] makes. Half of all items are called
// [CommonWord]; [RareWord] and [RareTag] have about [RareItems] of them, however many
// there are in all; [LastWord] has one in 33, which are the last by name; [SomeWord] one in
// 400, and [OneFolder] one in 4.
const (
	CommonWord = "poster"
	SomeWord   = "walrus"
	LastWord   = "zebra"
	RareWord   = "unicorn"
	RareItems  = 20
	CommonTag  = "half"
	RareTag    = "few"
	OneFolder  = "/campaigns"            // with 12 folders below it, which have as many again
	TwelfthOf  = "/campaigns/2026/month" // "1" to "12"
	DeepFolder = "/archive"              // a quarter of all, in up to 10,000 folders below it
	SmallPart  = "/archive/a007"         // a hundredth of that
)

var (
	fillFirst  = strings.Fields("autumn blue bright brown classic clear cool dark early festive fine flat fresh gold grand green grey happy high indoor large late light local long new night north old open outdoor pale plain quick quiet red round short silver small soft south spring summer tall warm white wide winter yellow")
	fillSecond = strings.Fields("banner brochure card cover flyer folder label leaflet letter menu notice page postcard sign sticker tag ticket voucher")
)

// name is that of the n-th item: its order has nothing to do with n.
func (f Fill) name(n int) string {
	mixed := n * 7919 % 1_000_003
	first, second, extra := fillFirst[mixed%len(fillFirst)], fillSecond[mixed/64%len(fillSecond)], ""
	if mixed%33 == 0 {
		first = LastWord
	}
	if mixed/8%2 == 0 {
		second = CommonWord
	}
	if n%max(f.Items/RareItems, 1) == 7 {
		extra = RareWord + " "
	}
	if n%400 == 3 {
		extra += SomeWord + " "
	}
	return fmt.Sprintf("%s %s %s%07d", first, second, extra, mixed)
}

func (f Fill) folder(n int) string {
	switch n % 4 {
	case 1:
		return OneFolder
	case 2:
		return fmt.Sprintf("%s%d", TwelfthOf, n/4%12+1)
	case 3:
		return fmt.Sprintf("%s/a%03d/b%02d", DeepFolder, n/4%100, n/400%100)
	}
	return "/"
}

// ID is that of the n-th row of a kind, of those that [Fill] makes. Rows that were made
// later have later ids.
func (f Fill) ID(kind string, n int) string {
	return fmt.Sprintf("0190%x%03x-0000-7000-8000-%012x", f.Number, slices.Index(fillKinds, kind), n)
}

var fillKinds = []string{"template", "media", "project", "task", "font_family", "font_style", "integration", "secret", "folder", "tag"}

// Cursor is the place of the n-th template or media file in lists of all orders.
func (f Fill) Cursor(kind string, n int) *tepin.Cursor {
	return &tepin.Cursor{Folder: f.folder(n), NameKey: []byte(f.name(n)), ID: f.ID(kind, n)}
}

// fillTime is when all rows were made: 2026-01-01, in microseconds.
const fillTime = 1_767_225_600_000_000

// FillInto writes the rows of several environments into the database of url, which no store
// has open: into the tables and with the words, folders, bytes' keys and counts that the
// product's own writes leave, but for the lines of the audit log and the bytes.
func FillInto(ctx context.Context, url string, fills ...Fill) error {
	return inBulk(ctx, url, func(b bulk) error {
		for _, f := range fills {
			for _, step := range []func(context.Context, bulk) error{f.integrations, f.folders, f.templates, f.media, f.tags, f.projects, f.tasks, f.fonts, f.counts} {
				if err := step(ctx, b); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// count yields one row for each number below n.
func count(n int, row func(int) []any) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range n {
			if !yield(row(i)) {
				return
			}
		}
	}
}

// words writes the words that find n rows of a kind, in the order of their table.
func (f Fill) words(ctx context.Context, b bulk, word, kind string, n int, name func(int) string) error {
	type place struct {
		word string
		n    int
	}
	var places []place
	for i := range n {
		list := strings.FieldsFunc(strings.ToLower(name(i)), func(r rune) bool { return r == ' ' || r == '-' })
		slices.Sort(list)
		for _, w := range slices.Compact(list) {
			places = append(places, place{w, i})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.word, b.word), a.n-b.n) })
	return b.insert(ctx, "word", "environment_id, kind, word, item_id, name_key", count(len(places), func(i int) []any {
		p := places[i]
		return []any{f.Environment, word, []byte(p.word), f.ID(kind, p.n), []byte(strings.ToLower(name(p.n)))}
	}))
}

// blobs writes the keys of the bytes of n rows of a kind.
func (f Fill) blobs(ctx context.Context, b bulk, kind string, as tepin.StorageCategory, n int) error {
	return b.insert(ctx, "blob", "key, environment_id, state, changed_at, size, category", count(n, func(i int) []any {
		return []any{f.blob(kind, i), f.Environment, "live", fillTime, fillSize, as}
	}))
}

// fillSize is how many bytes each file is said to have.
const fillSize = 10_000

func (f Fill) blob(kind string, n int) string { return string(f.Environment) + "/" + f.ID(kind, n) }

func (f Fill) counts(ctx context.Context, b bulk) error {
	for as, n := range map[tepin.StorageCategory]int{tepin.StoredDocuments: f.Items + f.Projects, tepin.StoredAssets: f.Items, tepin.StoredFonts: 2 * f.Families} {
		_, err := b.ExecContext(ctx, `INSERT INTO storage_count (environment_id, category, bytes) VALUES ($1, $2, $3)
			ON CONFLICT (environment_id, category) DO UPDATE SET bytes = storage_count.bytes + excluded.bytes`, f.Environment, as, n*fillSize)
		if err != nil {
			return err
		}
	}
	return nil
}
