package script

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// writeFrame writes v as JSON behind its length: 4 bytes, the highest first.
func writeFrame(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(raw) > maxFrame {
		return fmt.Errorf("script: a message of %d bytes is too long", len(raw))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(raw)), uint32(len(raw))), raw...))
	return err
}

// readFrame reads what writeFrame wrote. Memory is taken as the bytes come, not as their
// number is announced.
func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > maxFrame {
		return fmt.Errorf("script: a message of %d bytes is too long", n)
	}
	raw, err := io.ReadAll(io.LimitReader(r, n))
	if err != nil {
		return err
	}
	if int64(len(raw)) < n {
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(raw, v)
}
