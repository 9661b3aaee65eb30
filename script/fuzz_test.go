package script

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"testing"
)

// A worker that was taken over may write anything: the reader takes one message at a time,
// of at most its announced length, and no more memory than has come. What it read is
// written again as a message that reads the same.
func FuzzReadFrame(f *testing.F) {
	frame := func(v any) []byte {
		var b bytes.Buffer
		if err := writeFrame(&b, v); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	f.Add(frame(map[string]any{"method": "query", "args": []any{1, "ü", nil}}))
	f.Add(append(frame("one"), frame("two")...))
	f.Add([]byte{0, 0, 0})
	f.Add([]byte{0, 0, 0, 0})
	f.Add(binary.BigEndian.AppendUint32(nil, maxFrame))
	f.Add(append(binary.BigEndian.AppendUint32(nil, 1<<32-1), "{}"...))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bytes.NewReader(data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var v json.RawMessage
		err := readFrame(in, &v)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(1<<20+20*len(data)) {
			t.Fatalf("%d bytes of memory for %d bytes", took, len(data))
		}
		if err != nil {
			if len(data) >= 4 && len(data) < 4+int(binary.BigEndian.Uint32(data)) && binary.BigEndian.Uint32(data) <= maxFrame && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("a message that breaks off: %v", err)
			}
			return
		}
		if read := len(data) - in.Len(); read != 4+int(binary.BigEndian.Uint32(data)) {
			t.Fatalf("%d bytes were read of a message of %d", read, binary.BigEndian.Uint32(data))
		}
		var b bytes.Buffer
		if err := writeFrame(&b, v); err != nil {
			t.Fatal(err)
		}
		var again json.RawMessage
		if err := readFrame(&b, &again); err != nil || b.Len() != 0 {
			t.Fatalf("%v, and %d bytes are left", err, b.Len())
		}
		var want, got any
		if json.Unmarshal(v, &want) == nil && json.Unmarshal(again, &got) == nil {
			x, _ := json.Marshal(want)
			if y, _ := json.Marshal(got); !bytes.Equal(x, y) {
				t.Fatalf("%s became %s", x, y)
			}
		}
	})
}
