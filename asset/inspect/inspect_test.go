package inspect_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/asset/inspect"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(data []byte) (inspect.Info, error) {
	return inspect.Read(io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))))
}

// encoded makes a picture of 40 × 20 pixels.
func encoded(t testing.TB, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	img.Set(3, 3, color.RGBA{200, 10, 10, 255})
	var b bytes.Buffer
	check(t, encode(&b, img))
	return b.Bytes()
}

func jpegFile(t testing.TB) []byte {
	return encoded(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
}

func tiffFile(t testing.TB) []byte {
	return encoded(t, func(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) })
}

func gifFile(t testing.TB, frames int) []byte {
	t.Helper()
	var b bytes.Buffer
	g := &gif.GIF{}
	for range frames {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 40, 20), color.Palette{color.Black, color.White}))
		g.Delay = append(g.Delay, 1)
	}
	check(t, gif.EncodeAll(&b, g))
	return b.Bytes()
}

// segment is a JPEG's.
func segment(marker byte, body string) string {
	return string([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

func withSegments(data []byte, segments ...string) []byte {
	return []byte(string(data[:2]) + strings.Join(segments, "") + string(data[2:]))
}

// chunk is a PNG's.
func chunk(kind, body string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, kind+body...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

func withChunks(data []byte, chunks ...string) []byte {
	return []byte(string(data[:33]) + strings.Join(chunks, "") + string(data[33:]))
}

// exif is a directory with an orientation, a camera, a copyright and a place (GPS).
func exif(order binary.AppendByteOrder, orientation int) string {
	mark := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	b := order.AppendUint32([]byte(mark), 8)
	text := []string{"Maker\x00", "Maker X1\x00", "(c) Ada\x00"}
	at := 8 + 2 + 5*12 + 4
	b = order.AppendUint16(b, 5)
	put := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint32(order.AppendUint32(order.AppendUint16(order.AppendUint16(b, tag), kind), count), value)
	}
	for i, tag := range []uint16{271, 272} {
		put(tag, 2, uint32(len(text[i])), uint32(at))
		at += len(text[i])
	}
	b = order.AppendUint16(order.AppendUint16(b, 274), 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(order.AppendUint16(b, uint16(orientation)), 0)
	put(33432, 2, uint32(len(text[2])), uint32(at))
	put(34853, 4, 1, 8) // GPS: of no interest
	b = order.AppendUint32(b, 0)
	return string(b) + strings.Join(text, "")
}

// profile is a colour profile that is called name.
func profile(space, name string) string {
	desc := "desc\x00\x00\x00\x00" + string(binary.BigEndian.AppendUint32(nil, uint32(len(name)+1))) + name + "\x00"
	b := make([]byte, 144)
	copy(b[16:], space)
	copy(b[36:], "acsp")
	b[131] = 1
	copy(b[132:], "desc\x00\x00\x00\x90")
	binary.BigEndian.PutUint32(b[140:], uint32(len(desc)))
	return string(b) + desc
}

func packed(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

// psd is a Photoshop file of 40 × 20 pixels in CMYK, without its pixels.
func psd(version byte, resources string) string {
	return "8BPS\x00" + string(version) + "\x00\x00\x00\x00\x00\x00" + "\x00\x04" + "\x00\x00\x00\x14" + "\x00\x00\x00\x28" + "\x00\x08" + "\x00\x04" + "\x00\x00\x00\x00" +
		string(binary.BigEndian.AppendUint32(nil, uint32(len(resources)))) + resources + "\x00\x00\x00\x00"
}

func resource(id uint16, body string) string {
	b := binary.BigEndian.AppendUint16([]byte("8BIM"), id)
	b = binary.BigEndian.AppendUint32(append(b, 0, 0), uint32(len(body)))
	return string(b) + body + strings.Repeat("\x00", len(body)%2)
}

// pdf puts objects, from number 1 on, into a file.
func pdf(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
	table := "0000000000 65535 f \n"
	for i, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table, len(objects)+1, trailer, at)
	return b.Bytes()
}

// modernPDF has its objects in an object stream, and a stream of cross references with a
// predictor.
func modernPDF(page string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 7/Kids[3 0 R]>>", page}
	head, body := "", ""
	for i, o := range objects {
		head += fmt.Sprintf("%d %d ", i+1, len(body))
		body += o + " "
	}
	stream := packed(head + body)
	objStm := b.Len()
	fmt.Fprintf(&b, "4 0 obj\n<</Type/ObjStm/N 3/First %d/Length %d/Filter/FlateDecode>>\nstream\r\n%s\nendstream\nendobj\n", len(head), len(stream), stream)
	rows := [][4]byte{{0, 0, 0, 0}, {2, 0, 4, 0}, {2, 0, 4, 1}, {2, 0, 4, 2}, {1, byte(objStm >> 8), byte(objStm), 0}}
	predicted, before := "", [4]byte{}
	for _, r := range rows {
		predicted += "\x02"
		for i := range r {
			predicted += string([]byte{r[i] - before[i]})
		}
		before = r
	}
	refs := packed(predicted)
	at := b.Len()
	fmt.Fprintf(&b, "5 0 obj\n<</Type/XRef/Size 5/W[1 2 1]/Root 1 0 R/Filter[/FlateDecode]/DecodeParms[<</Predictor 12/Columns 4>>]/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF", len(refs), refs, at)
	return b.Bytes()
}

const catalog, pages = "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 2 /Kids [3 0 R 3 0 R] /MediaBox [0 0 595.28 841.89] >>"

func eps(comments string) string {
	return "%!PS-Adobe-3.0 EPSF-3.0\n" + comments + "%%EndComments\n0 0 moveto\nshowpage\n"
}

func dos(ps string) string {
	b := []byte("\xc5\xd0\xd3\xc6")
	b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, 32), uint32(len(ps)))
	return string(append(b, make([]byte, 20)...)) + ps + "preview"
}

// files are good ones of each kind, and what they say.
func files(t testing.TB) map[string]struct {
	data          []byte
	extension     string
	width, height int
	pages         int
	facts         map[string]string
} {
	webp, err := os.ReadFile("../../render/raster/testdata/quarters.webp")
	check(t, err)
	type f = struct {
		data          []byte
		extension     string
		width, height int
		pages         int
		facts         map[string]string
	}
	pngFile := encoded(t, png.Encode)
	both := tiffFile(t)
	twoPages := bytes.Clone(both)
	order := binary.LittleEndian
	dir := order.Uint32(both[4:])
	count := int(order.Uint16(both[dir:]))
	again := len(twoPages)
	twoPages = append(twoPages, both[dir:int(dir)+2+12*count+4]...)
	order.PutUint32(twoPages[int(dir)+2+12*count:], uint32(again))
	order.PutUint32(twoPages[again+2+12*count:], dir) // in a circle
	return map[string]f{
		"jpg": {jpegFile(t), "jpg", 40, 20, 1, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8"}},
		"jpg turned": {withSegments(jpegFile(t), segment(0xe0, "JFIF\x00\x01\x02\x01\x01\x2c\x01\x2c\x00\x00"), segment(0xe1, "Exif\x00\x00"+exif(binary.BigEndian, 6)),
			segment(0xe2, "ICC_PROFILE\x00\x01\x01"+profile("RGB ", "Adobe RGB (1998)"))),
			"jpg", 20, 40, 1, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8", "resolution": "300", "orientation": "6", "camera": "Maker X1", "copyright": "(c) Ada", "colorProfile": "Adobe RGB (1998)"}},
		"png": {pngFile, "png", 40, 20, 1, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8"}},
		"png full": {withChunks(pngFile, chunk("iCCP", "short\x00\x00"+packed(profile("RGB ", "Display P3"))), chunk("pHYs", "\x00\x00\x0b\x13\x00\x00\x0b\x13\x01"),
			chunk("tEXt", "Title\x00Two\nlines \u202e"), chunk("eXIf", exif(binary.LittleEndian, 3)), chunk("acTL", "12345678"), chunk("tRNS", "123456")),
			"png", 40, 20, 1, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8", "colorProfile": "Display P3", "resolution": "72.01", "title": "Two lines", "orientation": "3",
				"camera": "Maker X1", "copyright": "(c) Ada", "animated": "true", "transparency": "true"}},
		"gif":       {gifFile(t, 1), "gif", 40, 20, 1, map[string]string{"colorSpace": "Indexed"}},
		"gif moves": {gifFile(t, 3), "gif", 40, 20, 1, map[string]string{"colorSpace": "Indexed", "animated": "true"}},
		"webp":      {webp, "webp", 48, 32, 1, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8", "colorProfile": "sRGB"}},
		"tif":       {both, "tif", 40, 20, 1, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8", "resolution": "72", "transparency": "true"}},
		"tif pages": {twoPages, "tif", 40, 20, 2, map[string]string{"colorSpace": "RGB", "bitsPerChannel": "8", "resolution": "72", "transparency": "true"}},
		"psd": {[]byte(psd(1, resource(0x03ed, "\x01\x2c\x00\x00\x00\x01\x00\x01\x01\x2c\x00\x00\x00\x01\x00\x01")+resource(0x0422, exif(binary.BigEndian, 6))+resource(0x040f, profile("CMYK", "Coated FOGRA39")))),
			"psd", 40, 20, 1, map[string]string{"colorSpace": "CMYK", "bitsPerChannel": "8", "resolution": "300", "colorProfile": "Coated FOGRA39", "camera": "Maker X1", "copyright": "(c) Ada"}},
		"psb": {[]byte(psd(2, "")), "psb", 40, 20, 1, map[string]string{"colorSpace": "CMYK", "bitsPerChannel": "8"}},
		"svg": {[]byte("\ufeff<?xml version=\"1.0\"?><!-- a --><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">" +
			"<svg xmlns='http://www.w3.org/2000/svg' width='10mm' viewBox='0 0 20 40'><a href='https://tepin.example/'><path d='M0 0'/></a></svg>"),
			"svg", 38, 76, 1, map[string]string{"size": "37.8 × 75.59 px"}},
		"svg outside": {[]byte("<svg viewBox='0,0,30,40' height='100%' width='100%'><style>@import url(https://fonts.example/a.css); a{fill:url(#b)}</style><image href='a.png'/><rect fill='url(\"//x/y#z\")'/></svg>"),
			"svg", 30, 40, 1, map[string]string{"size": "30 × 40 px", "externalReferences": "3"}},
		"svg without size": {[]byte("<svg/>"), "svg", 0, 0, 1, nil},
		"pdf": {pdf("/Info << /Title (Price \\(list\\)) /Author <FEFF00C500640061> >> ", catalog, pages, "<< /Type /Page /Parent 2 0 R /Rotate 90 >>"),
			"pdf", 842, 595, 2, map[string]string{"pdfVersion": "1.6", "size": "841.89 × 595.28 pt", "title": "Price (list)", "creator": "Åda"}},
		"pdf cropped": {pdf("", catalog, pages, "<< /CropBox [100 100 0 0] /UserUnit 2 /TrimBox [0 0 50 60] /PieceInfo << /Illustrator 9 0 R >> >>"),
			"pdf", 200, 200, 2, map[string]string{"pdfVersion": "1.6", "size": "200 × 200 pt", "trimSize": "50 × 60 pt"}},
		"pdf modern":    {modernPDF("<</Type/Page/MediaBox[0 0 300 200]>>"), "pdf", 300, 200, 7, map[string]string{"pdfVersion": "1.7", "size": "300 × 200 pt"}},
		"pdf encrypted": {pdf("/Encrypt 9 0 R /Info << /Title (\x80\x81) >> ", catalog, pages, "<< >>"), "pdf", 595, 842, 2, map[string]string{"pdfVersion": "1.6", "size": "595.28 × 841.89 pt", "encrypted": "true"}},
		"pdf in a mess": {[]byte("%PDF-1.4\nstartxref\n7\n%%EOF"), "pdf", 0, 0, 0, map[string]string{"pdfVersion": "1.4"}},
		"eps": {[]byte(eps("%%BoundingBox: 0 0 100 51\r\n%%HiResBoundingBox: 0.5 0 100 50.25\n%%Title: (Logo)\n%%Creator: Tool 3\n")), "eps", 100, 50, 1,
			map[string]string{"size": "99.5 × 50.25 pt", "title": "Logo", "software": "Tool 3"}},
		"eps at its end": {[]byte(eps("%%BoundingBox: (atend)\n") + "%%Trailer\n%%BoundingBox: 10 10 30 50\n%%EOF\n"), "eps", 20, 40, 1, map[string]string{"size": "20 × 40 pt"}},
		"eps of Windows": {[]byte(dos(eps("%%BoundingBox: 0 0 9 8\n"))), "eps", 9, 8, 1, map[string]string{"size": "9 × 8 pt"}},
		"ai of old":      {[]byte("%!PS-Adobe-3.0\n%%Creator: Adobe Illustrator(R) 8.0\n%%BoundingBox: 0 0 5 6\n%%EndComments\n"), "ai", 5, 6, 1, map[string]string{"size": "5 × 6 pt", "software": "Adobe Illustrator(R) 8.0"}},
	}
}

func TestRead(t *testing.T) {
	for name, want := range files(t) {
		got, err := read(want.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Extension != want.extension || got.Width != want.width || got.Height != want.height || got.Pages != want.pages || !maps.Equal(got.Facts, want.facts) {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Illustrator != (name == "pdf cropped") {
			t.Errorf("%s: of Illustrator: %v", name, got.Illustrator)
		}
	}
}

func TestRefused(t *testing.T) {
	good := files(t)
	big := bytes.Clone(good["png"].data)
	binary.BigEndian.PutUint32(big[16:], 30000)
	binary.BigEndian.PutUint32(big[20:], 30000)
	binary.BigEndian.PutUint32(big[29:], crc32.ChecksumIEEE(big[12:29]))
	flat := bytes.Clone(good["jpg"].data)
	frame := bytes.Index(flat, []byte{0xff, 0xc0})
	flat[frame+5], flat[frame+6] = 0, 0
	odd := bytes.Clone(good["jpg"].data)
	odd[frame+1] = 0xc9
	svg := func(inside string) []byte {
		return []byte("<svg xmlns='http://www.w3.org/2000/svg'>" + inside + "</svg>")
	}
	for name, c := range map[string]struct {
		data []byte
		kind tepin.Kind
		says string
	}{
		"empty":            {nil, tepin.Invalid, "empty"},
		"text":             {[]byte("hello"), tepin.Unsupported, inspect.Accepted},
		"html":             {[]byte(" <!DOCTYPE HTML><html>"), tepin.Unsupported, "web page"},
		"script alone":     {[]byte("<script>alert(1)</script>"), tepin.Unsupported, "web page"},
		"xml":              {[]byte("<?xml version='1.0'?><a/>"), tepin.Unprocessable, "not SVG"},
		"nothing":          {[]byte("<!-- -->"), tepin.Unprocessable, "not SVG"},
		"zip":              {[]byte("PK\x03\x04..."), tepin.Unsupported, "unpack"},
		"svgz":             {[]byte("\x1f\x8b\x08"), tepin.Unsupported, "gzip"},
		"utf-16":           {[]byte("\xff\xfe<\x00"), tepin.Unsupported, "UTF-8"},
		"film":             {[]byte("\x00\x00\x00\x18ftypmp42"), tepin.Unsupported, "film"},
		"too large":        {big, tepin.Unprocessable, "30000 × 30000 pixels; at most 32767 a side and 100 million"},
		"flat":             {flat, tepin.Unprocessable, "40 × 0"},
		"odd jpg":          {odd, tepin.Unprocessable, "arithmetic"},
		"cut jpg":          {good["jpg"].data[:20], tepin.Unprocessable, "cut off"},
		"cut png":          {good["png"].data[:20], tepin.Unprocessable, "cut off"},
		"png of one bit":   {append(bytes.Clone(good["png"].data[:29]), 0, 0, 0, 0), tepin.Unprocessable, "damaged"},
		"cut webp":         {good["webp"].data[:20], tepin.Unprocessable, "cut off"},
		"cut tif":          {good["tif"].data[:9], tepin.Unprocessable, "cut off"},
		"tif of ones":      {[]byte("II*\x00\xff\xff\xff\xff1111111111"), tepin.Unprocessable, "damaged"},
		"cut psd":          {good["psd"].data[:40], tepin.Unprocessable, "cut off"},
		"psd of version 9": {[]byte(psd(9, "")), tepin.Unprocessable, "damaged"},
		"huge psd":         {[]byte(strings.Replace(psd(1, ""), "\x00\x00\x00\x14", "\x00\x01\x00\x14", 1)), tepin.Unprocessable, "at most 32767"},
		"cut pdf":          {good["pdf"].data[:300], tepin.Unprocessable, "cut off"},
		"postscript":       {[]byte("%!PS-Adobe-3.0\n%%Creator: driver\n"), tepin.Unprocessable, "printer"},
		"eps elsewhere":    {[]byte("\xc5\xd0\xd3\xc6\xff\xff\xff\x7f\xff\xff\xff\x7f"), tepin.Unprocessable, "damaged"},
		"entities":         {[]byte("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>"), tepin.Unprocessable, "entities"},
		"laughs":           {[]byte("<!DOCTYPE svg [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><svg>&c;</svg>"), tepin.Unprocessable, "entities"},
		"a file":           {[]byte("<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg>&a;</svg>"), tepin.Unprocessable, "entities"},
		"unknown entity":   {svg("&nbsp;"), tepin.Unprocessable, "entities"},
		"script":           {svg("<script>alert(1)</script>"), tepin.Unprocessable, "scripts"},
		"script elsewhere": {svg("<x:script xmlns:x='http://www.w3.org/1999/xhtml'/>"), tepin.Unprocessable, "scripts"},
		"handler":          {svg("<path onClick='a()'/>"), tepin.Unprocessable, "onclick"},
		"link":             {svg("<a href='java&#10;script:a()'/>"), tepin.Unprocessable, "script"},
		"animated link":    {svg("<a><animate attributeName='href' values='#;javascript:a()'/></a>"), tepin.Unprocessable, "script"},
		"animated handler": {svg("<set attributeName='onclick' to='a()'/>"), tepin.Unprocessable, "handler"},
		"page inside":      {svg("<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='https://x/'/></foreignObject>"), tepin.Unprocessable, "iframe"},
		"transformation":   {[]byte("<?xml-stylesheet type='text/xsl' href='#a'?><svg/>"), tepin.Unprocessable, "XSLT"},
		"deep":             {svg(strings.Repeat("<g>", 201)), tepin.Unprocessable, "200"},
		"cut svg":          {[]byte("<svg><g>"), tepin.Unprocessable, "well-formed"},
		"encoding":         {[]byte("<?xml version='1.0' encoding='koi8-r'?><svg/>"), tepin.Unprocessable, "UTF-8"},
		"bytes":            {svg("\xff\xff"), tepin.Unprocessable, "well-formed"},
	} {
		_, err := read(c.data)
		if err == nil || tepin.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a stream unpacks to is bounded, and so is what refers to itself.
func TestBombs(t *testing.T) {
	zeros := packed(string(make([]byte, 30<<20)))
	bomb := fmt.Sprintf("%%PDF-1.7\n1 0 obj\n<</Type/XRef/W[1 2 1]/Size 9/Filter/FlateDecode/Length %d>>stream\n%s\nendstream\nendobj\nstartxref\n9\n%%%%EOF", len(zeros), zeros)
	if info, err := read([]byte(bomb)); err != nil || info.Pages != 0 {
		t.Errorf("a PDF that unpacks to 30 MB: %+v %v", info, err)
	}
	for name, data := range map[string][]byte{
		"kids":   pdf("", catalog, "<< /Kids [2 0 R 2 0 R 2 0 R] /Count 3 >>"),
		"length": pdf("", "<< /Pages 1 0 R /Length 1 0 R >>"),
		"prev":   []byte("%PDF-1.4\nxref\n0 0\ntrailer\n<< /Prev 9 >>\nstartxref\n9\n"),
		"nested": pdf("", strings.Repeat("[", 10000)),
	} {
		if info, err := read(data); err != nil || info.Width != 0 {
			t.Errorf("%s: %+v %v", name, info, err)
		}
	}
	data := withChunks(encoded(t, png.Encode), chunk("iCCP", "huge\x00\x00"+zeros))
	if info, err := read(data); err != nil || info.Facts["colorProfile"] != "huge" {
		t.Errorf("a profile that unpacks to 30 MB: %+v %v", info, err)
	}
}

type failing struct{ io.ReaderAt }

var errDisk = errors.New("the disk is gone")

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

// Trouble with the source is told as such, not as a damaged file.
func TestSourceFails(t *testing.T) {
	if _, err := inspect.Read(io.NewSectionReader(failing{}, 0, 100)); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, good := range files(f) {
		f.Add(good.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := read(data)
		if err != nil {
			if tepin.KindOf(err) == tepin.Internal || strings.Contains(err.Error(), "runtime error") {
				t.Error(err)
			}
			return
		}
		if info.Extension == "" || info.ContentType == "" || info.Width < 0 || info.Height < 0 || info.Pages < 0 || len(info.Facts) > 30 {
			t.Errorf("%+v", info)
		}
		for name, text := range info.Facts {
			if !slices.Contains(inspect.Facts, name) {
				t.Errorf("%s is not among the facts that there are", name)
			}
			if text == "" || len(text) > 4*510 || strings.ContainsAny(text, "\x00\n\u202e") {
				t.Errorf("%s: %q", name, text)
			}
		}
	})
}

// What broke off on its way is refused, however good its beginning; what stands behind
// the end of a picture does not matter.
func TestCutOff(t *testing.T) {
	noise := image.NewGray(image.Rect(0, 0, 300, 300))
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i >> 3)
	}
	var p, j bytes.Buffer
	check(t, png.Encode(&p, noise))
	check(t, jpeg.Encode(&j, noise, nil))
	for name, whole := range map[string][]byte{"PNG": p.Bytes(), "JPEG": j.Bytes()} {
		read := func(b []byte) error {
			_, err := inspect.Read(io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))))
			return err
		}
		if err := read(append(bytes.Clone(whole), "something behind it"...)); err != nil {
			t.Errorf("%s with something behind it: %v", name, err)
		}
		for _, n := range []int{3000, len(whole) - 4, len(whole) - 1} {
			if n == len(whole)-4 && name == "JPEG" {
				continue // one byte is enough to try
			}
			if err := read(whole[:n]); tepin.KindOf(err) != tepin.Unprocessable || !strings.Contains(err.Error(), "cut off") {
				t.Errorf("%s of %d bytes, %d of them there: %v", name, len(whole), n, err)
			}
		}
	}
}
