package asset

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// FontFile is one file of an upload of fonts.
type FontFile struct {
	Name  string // as the sender's computer calls it
	Bytes io.Reader
}

// UploadFonts stores the fonts that next yields, until [io.EOF], as a batch that can be
// confirmed. A file that cannot be used comes back with its Problems, and is not part
// of the batch; if none can be used, the upload as a whole is refused.
func (s *Service) UploadFonts(ctx context.Context, by tepin.Actor, env tepin.EnvironmentID, next func() (FontFile, error)) (tepin.FontBatchID, []tepin.FontUpload, error) {
	batch := tepin.NewID[tepin.FontBatchID]()
	var all, usable []tepin.FontUpload
	discard := func() {
		for _, f := range usable {
			s.Discard(ctx, f.Blob)
		}
	}
	for {
		file, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && len(all) == MaxFontFiles {
			err = tepin.Errorf(tepin.TooLarge, "an upload holds at most %d fonts", MaxFontFiles)
		}
		var f tepin.FontUpload
		if err == nil {
			f, err = s.receiveFont(ctx, env, file)
		}
		if err != nil {
			discard()
			return "", nil, brokenOff(err)
		}
		f.BatchID, f.EnvironmentID, f.CreatedAt = batch, env, s.now()
		all = append(all, f)
		if f.Blob.Key != "" {
			usable = append(usable, f)
		}
	}
	if len(usable) == 0 {
		return "", nil, refusal(all)
	}
	if err := s.Store.CreateFontBatch(ctx, by, env, batch, usable); err != nil {
		for _, f := range usable {
			_ = s.Settle(ctx, f.Blob, err) // the same error for each
		}
		return "", nil, err
	}
	stored, err := s.Store.FontBatch(ctx, env, batch)
	if err != nil {
		return "", nil, err
	}
	return batch, merge(all, stored), nil
}

// merge puts what the store knows of the usable files in the place of what was sent.
func merge(all, stored []tepin.FontUpload) []tepin.FontUpload {
	for i, f := range all {
		for _, known := range stored {
			if known.ID == f.ID {
				all[i] = known
			}
		}
	}
	return all
}

// refusal is what is answered when nothing of an upload can be used.
func refusal(all []tepin.FontUpload) error {
	if len(all) == 0 {
		return tepin.Errorf(tepin.Invalid, "the upload holds no font; send each as a multipart part called file")
	}
	var reasons []string
	for _, f := range all {
		reasons = append(reasons, f.FileName+": "+strings.Join(f.Problems, "; "))
	}
	return tepin.Errorf(tepin.Unprocessable, "no font of the upload can be used. %s", strings.Join(reasons, ". "))
}

// receiveFont stores and examines one file. A file that cannot be used comes back
// with Problems and without bytes; an error ends the whole upload.
func (s *Service) receiveFont(ctx context.Context, env tepin.EnvironmentID, file FontFile) (tepin.FontUpload, error) {
	f := tepin.FontUpload{ID: tepin.NewID[tepin.FontStyleID](), FileName: shownFileName(file.Name)}
	head := make([]byte, 4)
	n, err := io.ReadFull(file.Bytes, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return f, err
	}
	if f.Extension, err = fontKindOf(head[:n]); err != nil {
		return unusable(f, err)
	}
	ref, err := s.Receive(ctx, env, io.MultiReader(bytes.NewReader(head[:n]), file.Bytes), tepin.MaxFont)
	if err != nil {
		return f, err
	}
	if f.Extension == packedFont {
		ref, err = s.unpackWOFF(ctx, env, ref, &f)
	}
	if err == nil {
		err = s.describeFont(ctx, env, ref, &f)
	}
	if err != nil {
		s.Discard(ctx, ref)
		return unusable(f, err)
	}
	f.Blob = ref
	return f, nil
}

// ReceiveFont stores a font of at most limit bytes, and 64 MB, without a record, as it can
// be drawn with: unpacked, and looked at by a child. What is no such font is Unprocessable.
func (s *Service) ReceiveFont(ctx context.Context, env tepin.EnvironmentID, body io.Reader, limit int64) (tepin.BlobRef, error) {
	f, err := s.receiveFont(ctx, env, FontFile{Name: "font", Bytes: body})
	switch {
	case err != nil:
		return tepin.BlobRef{}, err
	case f.Blob.Key == "":
		return tepin.BlobRef{}, tepin.Errorf(tepin.Unprocessable, "%s", strings.Join(f.Problems, "; "))
	case f.Blob.Size > limit:
		s.Discard(ctx, f.Blob)
		return tepin.BlobRef{}, tepin.Errorf(tepin.TooLarge, "the font has %d bytes, where %d are left for all pictures and fonts together", f.Blob.Size, limit)
	}
	return f.Blob, nil
}

// describeFont has a child read what a stored font says of itself.
func (s *Service) describeFont(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef, f *tepin.FontUpload) error {
	body, err := s.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return err
	}
	defer body.Close()
	info, err := probe[FontInfo](ctx, childFont, body)
	if err == nil {
		err = info.check() // a child that was taken over may say anything
	}
	if err != nil {
		return err
	}
	f.FamilyName, f.Name, f.Italic, f.Embedding = info.Family, info.Style, info.Italic, info.Embedding
	f.Weight = min(max(info.Weight, 100), 900)
	return nil
}

// unpackWOFF has a child unpack a stored WOFF or WOFF2, puts what comes out in its place,
// and calls the file what it is then.
func (s *Service) unpackWOFF(ctx context.Context, env tepin.EnvironmentID, ref tepin.BlobRef, f *tepin.FontUpload) (out tepin.BlobRef, err error) {
	defer s.Discard(ctx, ref)
	body, err := s.Open(ctx, env, ref, 0, -1)
	if err != nil {
		return out, err
	}
	defer body.Close()
	head := &bytes.Buffer{}
	err = sandbox.Run(ctx, childWOFF,
		func(w io.Writer) error { return feed(w, body) },
		func(r io.Reader) error {
			if _, err := io.CopyN(head, r, 4); err != nil {
				return err
			}
			if f.Extension, err = fontKindOf(head.Bytes()); err != nil {
				return err
			}
			out, err = s.Receive(ctx, env, io.MultiReader(head, r), tepin.MaxFont)
			return err
		}, unpackLimits)
	if err != nil {
		return out, err // what was written is discarded with it
	}
	if dot := strings.LastIndexByte(f.FileName, '.'); dot > 0 {
		f.FileName = f.FileName[:dot]
	}
	f.FileName += "." + f.Extension
	return out, nil
}

// unusable turns a refusal of one file into its Problems.
func unusable(f tepin.FontUpload, err error) (tepin.FontUpload, error) {
	refused, ok := errors.AsType[*tepin.Error](err)
	if !ok || refused.Kind != tepin.Unprocessable && refused.Kind != tepin.Unsupported {
		return f, err
	}
	f.Problems = []string{refused.Message}
	return f, nil
}

// shownFileName is a file's name without directories, fit to be shown.
func shownFileName(name string) string {
	if clean, err := CheckName("the font file", baseName(name)); err == nil {
		return clean
	}
	return "font"
}

// packedFont stands for the extension of a font that has to be unpacked first.
const packedFont = "woff"

// fontKindOf tells from its first bytes whether a file is an OTF or TTF font, or one
// that is packed.
func fontKindOf(head []byte) (extension string, err error) {
	switch string(head) {
	case "\x00\x01\x00\x00", "true":
		return "ttf", nil
	case "OTTO":
		return "otf", nil
	case "wOFF", "wOF2":
		return packedFont, nil
	case "ttcf":
		return "", tepin.Errorf(tepin.Unprocessable, "this is a collection of fonts; upload its fonts one by one as OTF, TTF or WOFF2")
	}
	return "", tepin.Errorf(tepin.Unprocessable, "this is not an OTF, TTF, WOFF or WOFF2 font")
}

// OpenFont returns a font style's record and its bytes.
func (s *Service) OpenFont(ctx context.Context, env tepin.EnvironmentID, id tepin.FontStyleID) (tepin.FontStyle, io.ReadCloser, error) {
	f, err := s.Store.FontStyle(ctx, env, id)
	if err != nil {
		return tepin.FontStyle{}, nil, err
	}
	r, err := s.Open(ctx, env, f.Blob, 0, -1)
	return f, r, err
}
