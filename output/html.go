package output

import (
	"bytes"
	"fmt"
	"html"
	"image"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tepin/tepin/render"
	"github.com/tepin/tepin/render/animation"
	"github.com/tepin/tepin/render/raster"
	"github.com/tepin/tepin/render/svg"
)

// htmlPage is one page of HTML that is being made: the layout of one record, its pages
// below each other as SVG, its movements as CSS, its pictures in files beside it.
type htmlPage struct {
	press    *press
	folder   string
	style    strings.Builder
	body     bytes.Buffer
	pictures map[string]string // the reference of a picture's key
	classes  int
}

// addHTML makes a page of each layout of a record.
func (p *press) addHTML(record int, sheets []laid) error {
	for i, layout := range p.job.LayoutIDs {
		h := &htmlPage{press: p, pictures: map[string]string{}}
		if len(p.job.LayoutIDs)*p.job.count() > 1 {
			h.folder = strings.TrimSuffix(p.fileName(record, i, len(p.job.LayoutIDs)), "."+extension(p.job.Format)) + "/"
		}
		for n, s := range sheets {
			if s.layout != layout {
				continue
			}
			if err := h.sheet(n, s); err != nil {
				return err
			}
		}
		p.sum.Units++
		if err := p.add(h.folder+"index.html", "text/html", h.page()); err != nil {
			return err
		}
	}
	return nil
}

// sheet adds a page of the layout.
func (h *htmlPage) sheet(n int, s laid) error {
	if err := h.addPictures(s.list); err != nil {
		return err
	}
	scene := animation.NewScene(s.page, s.list, s.timeline)
	svg.Write(&h.body, s.list, svg.Options{
		ID:      fmt.Sprintf("s%d", n),
		Picture: func(key string) string { return h.pictures[key] },
		Class:   func(frame string) string { return h.class(scene, frame) },
	})
	return nil
}

// page is the whole page. Its policy lets it load its own pictures and nothing else.
func (h *htmlPage) page() []byte {
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	fmt.Fprintf(&b, "<title>%s</title>\n<style>\n", html.EscapeString(h.press.job.Name))
	b.WriteString("html, body { margin: 0; background: #fff }\nsvg { display: block; max-width: 100%; height: auto; overflow: hidden }\n")
	b.WriteString(h.style.String())
	b.WriteString("</style>\n</head>\n<body>\n")
	b.Write(h.body.Bytes())
	b.WriteString("</body>\n</html>\n")
	return b.Bytes()
}

// addPictures writes the pictures of a page, made anew, no larger than they are shown on
// a screen of two pixels to a point.
func (h *htmlPage) addPictures(list render.List) error {
	sides := map[string]float64{}
	matrix := []render.Matrix{render.Identity}
	for _, op := range list.Ops {
		switch {
		case op.Push != nil:
			matrix = append(matrix, matrix[len(matrix)-1].Mul(op.Push.Matrix))
		case op.Pop:
			matrix = matrix[:max(len(matrix)-1, 1)]
		case op.Image != nil:
			m := matrix[len(matrix)-1].Mul(op.Image.Matrix)
			sides[op.Image.Key] = max(sides[op.Image.Key], math.Hypot(m.A, m.B), math.Hypot(m.C, m.D))
		}
	}
	for _, op := range list.Ops {
		if op.Image == nil || h.pictures[op.Image.Key] != "" {
			continue
		}
		if err := h.picture(op.Image.Key, 2*sides[op.Image.Key]); err != nil {
			return err
		}
	}
	return nil
}

// picture writes one picture whose longer side is at most so many pixels.
func (h *htmlPage) picture(key string, side float64) error {
	source, err := h.press.picture(key)
	if err != nil {
		return err
	}
	size := source.Bounds().Size()
	scale := min(1, side/float64(max(size.X, size.Y)))
	l := render.List{Width: max(float64(size.X)*scale, 1), Height: max(float64(size.Y)*scale, 1)}
	l.Ops = []render.Op{{Image: &render.ImageOp{Key: key, Matrix: render.Scale(math.Round(l.Width), math.Round(l.Height))}}}
	img, err := raster.Draw(l, map[string]image.Image{key: source}, raster.Options{})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	name, contentType := fmt.Sprintf("images/%d.jpg", len(h.pictures)+1), "image/jpeg"
	if img.Opaque() {
		err = raster.EncodeJPG(&b, img, 88, 72)
	} else {
		name, contentType = strings.TrimSuffix(name, path.Ext(name))+".png", "image/png"
		err = raster.EncodePNG(&b, img, 72)
	}
	if err != nil {
		return err
	}
	h.pictures[key] = name
	return h.press.add(h.folder+name, contentType, b.Bytes())
}

// class writes how a frame moves, and returns the class that makes it; "" if it does not.
func (h *htmlPage) class(scene *animation.Scene, frame string) string {
	timeline := scene.Timeline()
	if _, moves := timeline.Bars[frame]; !moves || scene.Still() {
		return ""
	}
	h.classes++
	class := "m" + strconv.Itoa(h.classes)
	fmt.Fprintf(&h.style, "@keyframes %s {\n", class)
	for _, k := range keyframes(scene, frame) {
		fmt.Fprintf(&h.style, "%s%% { opacity: %s; transform: matrix(%s) }\n", short(k.percent, 4), short(k.state.Opacity, 4), svg.Numbers(", ", k.state.Matrix))
	}
	fmt.Fprintf(&h.style, "}\n@media (prefers-reduced-motion: no-preference) { .%s { animation: %s %sms linear infinite; transform-origin: 0 0 } }\n", class, class, short(timeline.Length, 2))
	return class
}

func short(v float64, digits int) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', digits, 64), "0"), ".")
}

// keyframe is the state of a frame at a part of the timeline.
type keyframe struct {
	percent float64
	state   animation.State
}

// keyframes follows a frame through the timeline: thirty moments a second where it moves,
// and two where it jumps.
func keyframes(scene *animation.Scene, frame string) []keyframe {
	const step = 1000. / 30 // milliseconds
	length := scene.Timeline().Length
	instant := max(0.01, length*2e-6) // what four decimals of a percentage tell apart
	var list []keyframe
	add := func(ms float64) {
		k := keyframe{100 * ms / length, scene.State(frame, ms)}
		if n := len(list); n > 1 && list[n-1].state == k.state && list[n-2].state == k.state {
			list = list[:n-1] // it stands still
		}
		list = append(list, k)
	}
	moments := scene.Timeline().Moments(frame)
	for i, from := range moments {
		add(from)
		if i+1 == len(moments) {
			break
		}
		to := moments[i+1]
		for n := 1; from+float64(n)*step < to-instant; n++ {
			add(from + float64(n)*step)
		}
		if to-from > 2*instant {
			add(to - instant)
		}
	}
	return slices.Clip(list)
}
