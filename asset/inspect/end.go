package inspect

import "bytes"

// maxTail is how much of the end of a file is looked at, in bytes: what stands behind the
// end of a picture, which some programs leave there, may be so long.
const maxTail = 64 << 10

// checkEnd returns errEnd for a file whose end is missing, as far as one piece of it
// tells: an upload that broke off has a good beginning.
func checkEnd(format string, f file) error {
	if format == "WebP" { // RIFF says how long it is, without the 8 bytes of its own header
		b, err := f.at(4, 4)
		if err == nil && le32(b) > f.Size()-8 {
			err = errEnd
		}
		return err
	}
	ends := map[string]string{"PNG": "IEND\xae\x42\x60\x82", "JPEG": "\xff\xd9"} // the last chunk with its checksum; the marker EOI
	mark := ends[format]
	if mark == "" {
		return nil
	}
	tail, err := f.upTo(max(0, f.Size()-maxTail), maxTail)
	if err == nil && !bytes.Contains(tail, []byte(mark)) {
		err = errEnd
	}
	return err
}
