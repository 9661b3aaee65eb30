package inspect

import (
	"bytes"
	"compress/zlib"
	"hash/crc32"
	"io"
	"strconv"
)

// maxChunks bounds the chunks before a PNG's pixels, and those of a WebP.
const maxChunks = 1000

// readPNG walks the chunks up to the pixels (PNG specification, third edition).
func readPNG(f file, info *Info) error {
	off := int64(8)
	for n := range maxChunks {
		head, err := f.at(off, 8)
		if err != nil {
			return err
		}
		size, kind := be32(head), string(head[4:])
		switch {
		case (n == 0) != (kind == "IHDR"):
			return errDamaged
		case kind == "IDAT":
			return nil
		case kind == "IEND", size > f.Size():
			return errDamaged
		}
		if size <= maxProfile {
			body, err := f.at(off+8, int(size)+4)
			if err != nil {
				return err
			}
			body, sum := body[:size], body[size:]
			if n == 0 && int64(crc32.Update(crc32.ChecksumIEEE(head[4:]), crc32.IEEETable, body)) != be32(sum) {
				return errDamaged
			}
			if err := info.chunk(kind, body); err != nil {
				return err
			}
		}
		off += 12 + size
	}
	return errDamaged
}

func (i *Info) chunk(kind string, b []byte) error {
	switch kind {
	case "IHDR":
		if len(b) != 13 {
			return errDamaged
		}
		i.Width, i.Height = int(be32(b)), int(be32(b[4:]))
		if err := checkSize(i.Width, i.Height); err != nil {
			return err
		}
		space, ok := map[byte]string{0: "Gray", 2: "RGB", 3: "Indexed", 4: "Gray", 6: "RGB"}[b[9]]
		if !ok {
			return errDamaged
		}
		i.say("colorSpace", space)
		i.say("bitsPerChannel", strconv.Itoa(int(b[8])))
		if b[9] >= 4 {
			i.say("transparency", "true")
		}
	case "tRNS":
		i.say("transparency", "true")
	case "acTL":
		i.say("animated", "true")
	case "sRGB":
		i.say("colorProfile", "sRGB")
	case "pHYs":
		if len(b) == 9 && b[8] == 1 { // pixels a metre
			i.sayResolution(float64(be32(b))*0.0254, float64(be32(b[4:]))*0.0254)
		}
	case "eXIf":
		i.exif(b)
	case "iCCP":
		i.packedProfile(b)
	case "tEXt":
		key, text, _ := bytes.Cut(b, []byte{0})
		if name, ok := map[string]string{"Title": "title", "Author": "creator", "Copyright": "copyright", "Description": "description"}[string(key)]; ok {
			i.say(name, latin(text))
		}
	}
	return nil
}

// packedProfile reads an iCCP chunk: a name, a method, the profile packed.
func (i *Info) packedProfile(b []byte) {
	name, rest, _ := bytes.Cut(b, []byte{0})
	if len(rest) < 2 || rest[0] != 0 {
		return
	}
	i.say("colorProfile", latin(name))
	z, err := zlib.NewReader(bytes.NewReader(rest[1:]))
	if err != nil {
		return
	}
	profile, _ := io.ReadAll(io.LimitReader(z, maxProfile)) // what there is of a broken one may name it
	i.profile(profile)
}
