package output

import (
	"math"

	"github.com/tepin/tepin"
)

// override puts what an order says in the place of what its settings say.
func (o *Order) override(settings *tepin.OutputSettings) error {
	if o.Scaling != 0 {
		settings.Scaling = o.Scaling
	}
	if math.IsNaN(settings.Scaling) || settings.Scaling < tepin.MinScaling || settings.Scaling > tepin.MaxScaling {
		return &tepin.Error{Kind: tepin.Invalid, Path: "scaling", Message: "the scaling is to be between 0.01 and 100"}
	}
	if o.PDFVersion != "" {
		settings.PDFVersion = o.PDFVersion
	}
	if o.FPS != 0 {
		settings.FPS = o.FPS
	}
	if o.Format == tepin.GIF || o.Format == tepin.MP4 {
		return tepin.CheckFPS(o.Format, settings.FPS, "fps")
	}
	return nil
}

// measure refuses what S30 forbids before anything is queued, and notes how much there
// will be.
func (j *job) measure(sizes []size) error {
	files := len(sizes) * j.count()
	switch {
	case j.Format == tepin.PDF:
		files = 1
		if j.PerFile > 0 {
			files = (j.count() + j.PerFile - 1) / j.PerFile
		}
		j.Several = files > 1
	case j.Format == tepin.HTML:
		files = len(j.LayoutIDs) * j.count()
		j.Several = true
	default:
		j.Several = files > 1
	}
	if files > MaxFiles {
		return tepin.Errorf(tepin.TooLarge, "the output would have %d files; the most is %d: split the records over several requests", files, MaxFiles)
	}
	for _, s := range sizes {
		if err := j.check(s); err != nil {
			return err
		}
	}
	return j.checkWork(sizes)
}

// check refuses a page that cannot be made.
func (j *job) check(s size) error {
	if j.Format.Animated() && s.Timeline.Length > float64(MaxTimeline.Milliseconds()) {
		return tepin.Errorf(tepin.Invalid, "the timeline of layout %q is %.1f seconds long; the most is %.0f: make its timeline shorter", s.Layout, s.Timeline.Length/1000, MaxTimeline.Seconds())
	}
	if !j.Format.Pixels() {
		return nil
	}
	if s.Width*j.Scaling < 1 || s.Height*j.Scaling < 1 {
		return tepin.Errorf(tepin.Invalid, "layout %q would be smaller than a pixel, %.3f × %.3f; lengths in documents are thousandths of a point (1 px = 1000)", s.Layout, s.Width*j.Scaling, s.Height*j.Scaling)
	}
	w, h := math.Ceil(s.Width*j.Scaling), math.Ceil(s.Height*j.Scaling)
	if w > tepin.MaxImageSide || h > tepin.MaxImageSide || w*h > tepin.MaxImagePixels {
		return tepin.Errorf(tepin.Invalid, "layout %q would be %.0f × %.0f pixels; the most is %d a side and %d million in all: lower the scaling or the layout's size", s.Layout, w, h, tepin.MaxImageSide, tepin.MaxImagePixels/1_000_000)
	}
	if !j.Format.Animated() {
		return nil
	}
	frames := float64(s.Timeline.Frames(float64(j.Options.FPS)))
	switch {
	case w > MaxAnimationSide || h > MaxAnimationSide:
		return tepin.Errorf(tepin.Invalid, "the animation of layout %q would be %.0f × %.0f pixels; the most is %d a side: lower the scaling", s.Layout, w, h, MaxAnimationSide)
	case frames > MaxFrames:
		return tepin.Errorf(tepin.Invalid, "the animation of layout %q would have %.0f frames; the most is %d: lower the frames per second, or make its timeline shorter", s.Layout, frames, MaxFrames)
	case frames*w*h > MaxAnimationPixels:
		return tepin.Errorf(tepin.Invalid, "the %.0f frames of layout %q at %.0f × %.0f have %.1f thousand million pixels together; the most is %d: lower the scaling or the frames per second", frames, s.Layout, w, h, frames*w*h/1e9, MaxAnimationPixels/1_000_000_000)
	}
	return nil
}

// checkWork refuses animations that are too much work together, and counts their bytes.
func (j *job) checkWork(sizes []size) error {
	if j.Format != tepin.GIF && j.Format != tepin.MP4 {
		return nil
	}
	pixels := 0.0
	for _, s := range sizes {
		pixels += math.Ceil(s.Width*j.Scaling+1) * math.Ceil(s.Height*j.Scaling+1) * float64(max(s.Timeline.Frames(float64(j.Options.FPS)), j.Options.FPS)*j.count())
	}
	if pixels > maxAnimatedPixels {
		return tepin.Errorf(tepin.TooLarge, "all frames of all records have %.1f thousand million pixels together; the most is %d: split the records over several requests", pixels/1e9, maxAnimatedPixels/1_000_000_000)
	}
	if j.Format == tepin.MP4 {
		j.Raw = int64(pixels * 4.01) // with the heads of the parcels
	}
	return nil
}
