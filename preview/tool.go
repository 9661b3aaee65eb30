package preview

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// program is one of the system that reads a format which we do not.
type program struct {
	name, debian string // what it is called, and the Debian package that has it
	path         string // "" = it is not there
}

// programs are those that previews are made with.
type programs struct{ pdf, svg, postScript program }

// findPrograms looks for the programs on the PATH, and logs which are missing.
func findPrograms(log *slog.Logger) programs {
	p := programs{
		pdf:        program{name: "pdftoppm", debian: "poppler-utils"},
		svg:        program{name: "rsvg-convert", debian: "librsvg2-bin"},
		postScript: program{name: "gs", debian: "ghostscript"},
	}
	for what, each := range map[string]*program{"PDF": &p.pdf, "SVG": &p.svg, "EPS": &p.postScript} {
		if each.path = sandbox.FindTool(each.name); each.path == "" {
			log.Warn("a program is not installed: there will be no previews of these files", "format", what, "program", each.name, "debianPackage", each.debian)
		}
	}
	return p
}

// there refuses what needs a program that is not there. Nothing of it is remembered.
func (p program) there(format string) error {
	if p.path != "" {
		return nil
	}
	return &tepin.Error{Kind: tepin.Unprocessable, Message: "this server makes no previews of " + format + " files: the program " + p.name + " is not installed; " +
		"its operator can install it (Debian package " + p.debian + ") and start the server again"}
}

// toolLimits bound a program: a hostile file makes it fail, and no more.
var toolLimits = sandbox.Limits{Memory: 1 << 30, CPU: 90 * time.Second, Wall: 3 * time.Minute, Output: 256 << 20}

// rasterize is how a program makes a PNG of a file on its standard input, the longer
// side as many pixels long as side says.
func (s *Service) rasterize(k kind, head []byte, side int) (sandbox.Tool, error) {
	n := strconv.Itoa(side)
	switch k {
	case vectorPDF:
		return sandbox.Tool{Path: s.programs.pdf.path, Args: []string{"-png", "-q", "-f", "1", "-l", "1", "-singlefile", "-cropbox", "-scale-to", n, "-"}}, s.programs.pdf.there("PDF")
	case vectorSVG:
		return sandbox.Tool{Path: s.programs.svg.path, Args: []string{"--format=png", "--keep-aspect-ratio", "--width=" + n, "--height=" + n}}, s.programs.svg.there("SVG")
	}
	dots, page := psResolution(head, side)
	args := append(gsArgs("pngalpha"), "-r"+strconv.FormatFloat(dots, 'f', 4, 64), "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4")
	return sandbox.Tool{Path: s.programs.postScript.path, Args: append(append(args, page...), "-"), Scratch: true}, s.programs.postScript.there("EPS")
}

// convert is how a program makes a PDF of a file on its standard input.
func (s *Service) convert(k kind) (sandbox.Tool, error) {
	if k == vectorSVG {
		return sandbox.Tool{Path: s.programs.svg.path, Args: []string{"--format=pdf"}}, s.programs.svg.there("SVG")
	}
	return sandbox.Tool{Path: s.programs.postScript.path, Args: append(gsArgs("pdfwrite"), "-dEPSCrop", "-"), Scratch: true}, s.programs.postScript.there("EPS")
}

// gsArgs keep Ghostscript to its input and one page, and what a program prints out of
// the picture.
func gsArgs(device string) []string {
	return []string{"-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-dNOPROMPT", "-dLastPage=1", "-dNumRenderingThreads=1",
		"-sstdout=%stderr", "-sDEVICE=" + device, "-sOutputFile=%stdout"}
}

// drawn makes a preview of a file that a program reads. What the program writes is read
// again by our own decoder, in a child.
func (s *Service) drawn(ctx context.Context, m source, k kind, side int) (picture, error) {
	if m.ref.Size > MaxPicture {
		return picture{}, errLarge
	}
	head, skip, length, err := s.begin(ctx, m, k)
	if err != nil {
		return picture{}, err
	}
	tool, err := s.rasterize(k, head, side)
	if err != nil {
		return picture{}, err
	}
	var failed error
	pic, err := s.inChild(ctx, m.env, childImage, func(w io.Writer) error {
		if err := json.NewEncoder(w).Encode(imageOrder{Side: side}); err != nil {
			return err
		}
		failed = sandbox.RunTool(ctx, tool,
			func(w io.Writer) error { return s.sendPart(ctx, w, m, skip, length) },
			func(r io.Reader) error { _, err := io.Copy(w, r); return err }, toolLimits)
		return failed
	}, imageLimits)
	if err != nil && failed != nil && tepin.KindOf(failed) == tepin.Unprocessable {
		return picture{}, &tepin.Error{Kind: tepin.Unprocessable, Cause: failed,
			Message: "no preview can be made of this file: it is damaged, protected, or takes too long to draw"}
	}
	return pic, err
}

// vector makes a PDF of a vector file that is none. It is kept only if its page can be
// drawn.
func (s *Service) vector(ctx context.Context, m source, k kind) (pic picture, err error) {
	if m.ref.Size > MaxPicture {
		return picture{}, errLarge
	}
	tool, err := s.convert(k)
	if err != nil {
		return picture{}, err
	}
	if err := s.programs.pdf.there("PDF"); err != nil {
		return picture{}, err
	}
	_, skip, length, err := s.begin(ctx, m, k)
	if err != nil {
		return picture{}, err
	}
	err = sandbox.RunTool(ctx, tool,
		func(w io.Writer) error { return s.sendPart(ctx, w, m, skip, length) },
		func(r io.Reader) (err error) {
			pic.contentType = tepin.TypePDF
			pic.ref, err = s.asset.Receive(ctx, m.env, r, toolLimits.Output)
			return err
		}, toolLimits)
	if err != nil {
		s.asset.Discard(ctx, pic.ref)
		return picture{}, unreadable(err)
	}
	check, err := s.drawn(ctx, source{m.env, pic.ref}, vectorPDF, 64)
	s.asset.Discard(ctx, check.ref)
	if err != nil {
		s.asset.Discard(ctx, pic.ref)
		return picture{}, unreadable(err)
	}
	return pic, nil
}
