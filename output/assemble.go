package output

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"

	"github.com/tepin/tepin"
	"github.com/tepin/tepin/sandbox"
)

// assembly makes the output's one file of what a render child sends: a file as it is,
// or an archive of several.
type assembly struct {
	job     job
	from    receiver
	ffmpeg  string
	archive *zip.Writer // nil = there is one file, written as it is
	files   int
	last    file // the head that was read last
	summary summary
}

// write writes the output to w. An output that is not to be kept ends in an error.
func (a *assembly) write(ctx context.Context, w io.Writer) error {
	if a.job.Several {
		a.archive = zip.NewWriter(w)
	}
	for {
		f, sum, err := a.from.next()
		switch {
		case err != nil:
			return err
		case sum != nil:
			a.summary = *sum
			return a.end()
		}
		a.last = *f
		if a.files++; a.files > 1 && a.archive == nil {
			return errParcel
		}
		to := w
		if a.archive != nil {
			if to, err = a.archive.CreateHeader(&zip.FileHeader{Name: f.Name, Method: method(f.Name), Modified: a.job.Created}); err != nil {
				return err
			}
		}
		if err := a.file(ctx, to, f); err != nil {
			return err
		}
	}
}

// method is how a file is kept in an archive: most are compressed already.
func method(name string) uint16 {
	if path.Ext(name) == ".html" {
		return zip.Deflate
	}
	return zip.Store
}

// end judges the report and ends the archive.
func (a *assembly) end() error {
	report, fatal := summarize(a.summary, a.job.Options.Continue)
	switch {
	case fatal != nil:
		return fatal
	case a.files == 0:
		return &renderError{failed, "nothing was rendered: the layout has no visible pages", report}
	case a.archive != nil:
		return a.archive.Close()
	}
	return nil
}

// file writes one file, of pictures for a video the video.
func (a *assembly) file(ctx context.Context, w io.Writer, f *file) error {
	size := &sized{w: w, limit: a.job.Options.MaxFileSize * 1000, name: f.Name}
	if f.Video == nil {
		_, err := io.Copy(size, a.from.body())
		return err
	}
	if a.ffmpeg == "" {
		return sandbox.NoTool("MP4 files", "ffmpeg")
	}
	v := *f.Video
	if v.Width < 2 || v.Height < 2 || v.Width > MaxAnimationSide || v.Height > MaxAnimationSide || v.FPS < 1 || v.FPS > tepin.MaxFPS {
		return errParcel
	}
	return sandbox.RunTool(ctx, videoTool(a.ffmpeg, v),
		func(w io.Writer) error { _, err := io.Copy(w, a.from.body()); return err },
		func(r io.Reader) error { _, err := io.Copy(size, r); return err }, videoLimits)
}

// videoTool makes an MP4 of raw pictures: H.264 that every player shows, its index in
// front, so that it plays while it loads.
func videoTool(ffmpeg string, v video) sandbox.Tool {
	return sandbox.Tool{Path: ffmpeg, Args: []string{
		"-hide_banner", "-nostdin", "-loglevel", "error", "-y",
		"-f", "rawvideo", "-pixel_format", "rgb0", "-video_size", fmt.Sprintf("%dx%d", v.Width, v.Height), "-framerate", strconv.Itoa(v.FPS), "-i", "pipe:0",
		"-an", "-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=lanczos+accurate_rnd+full_chroma_int,format=yuv420p",
		"-c:v", "libx264", "-preset", "medium", "-crf", "18", "-profile:v", "high", "-threads", "2",
		"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
		"-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4", sandbox.OutputFile,
	}}
}

// sized refuses more bytes than a file may have; a limit of 0 is none.
type sized struct {
	w        io.Writer
	n, limit int64
	name     string
}

func (s *sized) Write(p []byte) (int, error) {
	if s.n += int64(len(p)); s.limit > 0 && s.n > s.limit {
		return 0, &renderError{"FileTooLarge", fmt.Sprintf("the file %.80q is larger than the %d kB that the output settings allow; raise maxFileSizeInKiloBytes, or lower scaling or quality", s.name, s.limit/1000), ""}
	}
	return s.w.Write(p)
}

// sentAs is the name and type of the output's file.
func (a *assembly) sentAs() (name, contentType string) {
	if a.job.Several {
		return a.job.Name + ".zip", "application/zip"
	}
	return a.job.Name + "." + extension(a.job.Format), a.last.ContentType
}

// receive takes a render child's answer into the store of bytes.
func (s *Service) receive(ctx context.Context, r io.Reader, j job, task *tepin.Task) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &assembly{job: j, from: newReceiver(r), ffmpeg: s.FFmpeg}
	content, w := io.Pipe()
	made := make(chan error, 1)
	go func() {
		err := a.write(ctx, w)
		w.CloseWithError(err)
		made <- err
	}()
	ref, err := s.Asset.Receive(ctx, task.EnvironmentID, content, MaxOutputBytes+1<<20)
	if err != nil {
		cancel()
	}
	content.CloseWithError(io.ErrClosedPipe) // it waits for nobody any more
	if failed := <-made; failed != nil && err == nil {
		s.Asset.Discard(ctx, ref)
		err = failed
	} else if failed != nil {
		err = first(failed, err)
	}
	report, _ := summarize(a.summary, j.Options.Continue)
	task.Report, task.Records, task.Successful = report, j.count(), a.summary.Successful
	if err != nil {
		return err
	}
	task.Result = ref
	task.FileName, task.ContentType = a.sentAs()
	task.Renders, task.Watermarked, task.Batch = renders(j, a.summary), j.Watermark != "", j.Format == tepin.PDF && j.count() > 1
	return nil
}

// first is the maker's error, unless that only says that nobody took what it made.
func first(made, taken error) error {
	if errors.Is(made, io.ErrClosedPipe) || errors.Is(made, context.Canceled) {
		return taken
	}
	return made
}
