package inspect

import (
	"bufio"
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/tepin/tepin"
)

// dosEPS begins an EPS file with a preview for Windows.
const dosEPS = "\xc5\xd0\xd3\xc6"

// How much of a PostScript file's beginning and end is looked at for comments.
const (
	epsHead = 256 << 10
	epsTail = 64 << 10
)

// readEPS reads the document structuring comments (Adobe technical note 5001) of an EPS
// file, or of an Illustrator file from the time when those were PostScript.
func readEPS(f file, info *Info) error {
	off, end := int64(0), f.Size()
	b, err := f.upTo(0, 30)
	if err != nil {
		return err
	}
	if begins(b, dosEPS) {
		if len(b) < 12 {
			return errEnd
		}
		if off, end = le32(b[4:]), le32(b[4:])+le32(b[8:]); end > f.Size() || off > end {
			return errEnd
		}
	}
	head, err := f.upTo(off, int(min(epsHead, end-off)))
	if err != nil {
		return err
	}
	head = bytes.TrimPrefix(head, []byte{4})
	first, said := comments(head, true)
	switch {
	case !strings.HasPrefix(first, "%!PS"):
		return errDamaged
	case strings.Contains(first, "EPSF"):
	case strings.Contains(said["Creator"], "Adobe Illustrator"):
		info.Extension = "ai"
	default:
		return tepin.Errorf(tepin.Unprocessable, "this is a PostScript program for a printer, not EPS; export it as EPS or PDF")
	}
	tail, err := f.upTo(max(off, end-epsTail), int(min(epsTail, end-off)))
	if err != nil {
		return err
	}
	_, atEnd := comments(tail, false)
	box := func(name string) []float64 {
		text := said[name]
		if strings.Contains(text, "(atend)") {
			text = atEnd[name]
		}
		return numbers(text, 4)
	}
	size := box("HiResBoundingBox")
	if size == nil {
		size = box("BoundingBox")
	}
	if size != nil {
		info.drawn(size[2]-size[0], size[3]-size[1], "pt")
	}
	info.say("title", strings.Trim(said["Title"], "()"))
	info.say("software", strings.Trim(said["Creator"], "()"))
	return nil
}

// comments returns the first line and the comments "%%Name: text", of a header those
// before its end.
func comments(b []byte, header bool) (first string, said map[string]string) {
	said = map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))))
	lines.Buffer(nil, epsHead+1)
	for n := 0; lines.Scan(); n++ {
		line := lines.Text()
		if n == 0 {
			first = line
		}
		if header && strings.HasPrefix(line, "%%EndComments") {
			break
		}
		name, text, ok := strings.Cut(strings.TrimPrefix(line, "%%"), ":")
		if !ok || !strings.HasPrefix(line, "%%") {
			continue
		}
		if _, twice := said[name]; !twice || !header { // the first counts in a header, the last at the end
			said[name] = strings.TrimSpace(text)
		}
	}
	return first, said
}

// numbers reads n finite numbers; nil if there are not so many.
func numbers(text string, n int) []float64 {
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '\r' })
	if len(fields) < n {
		return nil
	}
	list := make([]float64, n)
	for i := range list {
		v, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		list[i] = v
	}
	return list
}

// maxDrawn is the longest side of something drawn that is told, in its own units: 5 km.
const maxDrawn = 14_400_000

// drawn notes the size of what has no pixels. One that cannot be is not known.
func (i *Info) drawn(width, height float64, unit string) {
	if !(width > 0 && height > 0 && width <= maxDrawn && height <= maxDrawn) {
		return
	}
	i.Width, i.Height = max(1, int(math.Round(width))), max(1, int(math.Round(height)))
	i.say("size", number(width)+" × "+number(height)+" "+unit)
}
