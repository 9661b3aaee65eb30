//go:build ignore

// This program computes picture.jpg, the sample's photograph-like picture: mountains
// at dusk, ridge behind ridge in the haze. It uses no other material; the same program
// gives the same picture.
//
//	go run picture.go
package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log"
	"math"
	"math/rand/v2"
	"os"
)

const (
	width, height = 2400, 1600
	maxBytes      = 700 << 10
)

// rgb is a colour in linear light.
type rgb struct{ r, g, b float64 }

func srgb(hex uint32) rgb {
	c := func(v uint32) float64 { return math.Pow(float64(v&255)/255, 2.2) }
	return rgb{c(hex >> 16), c(hex >> 8), c(hex)}
}

func (a rgb) mix(b rgb, t float64) rgb {
	t = clamp(t)
	return rgb{a.r + (b.r-a.r)*t, a.g + (b.g-a.g)*t, a.b + (b.b-a.b)*t}
}

func (a rgb) add(b rgb, t float64) rgb { return rgb{a.r + b.r*t, a.g + b.g*t, a.b + b.b*t} }
func (a rgb) mul(t float64) rgb        { return rgb{a.r * t, a.g * t, a.b * t} }

func clamp(t float64) float64 { return min(max(t, 0), 1) }

func smooth(from, to, t float64) float64 {
	t = clamp((t - from) / (to - from))
	return t * t * (3 - 2*t)
}

// hash gives a number from 0 to 1 for a lattice point.
func hash(x, y, seed int) float64 {
	h := uint64(x)*0x9E3779B97F4A7C15 ^ uint64(y)*0xC2B2AE3D27D4EB4F ^ uint64(seed)*0x165667B19E3779F9
	h ^= h >> 29
	h *= 0xBF58476D1CE4E5B9
	h ^= h >> 32
	h *= 0x94D049BB133111EB
	return float64(h>>11) / (1 << 53)
}

// noise is value noise, 0 to 1.
func noise(x, y float64, seed int) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	u, v := x-fx, y-fy
	u, v = u*u*u*(u*(u*6-15)+10), v*v*v*(v*(v*6-15)+10)
	top := hash(ix, iy, seed)*(1-u) + hash(ix+1, iy, seed)*u
	bottom := hash(ix, iy+1, seed)*(1-u) + hash(ix+1, iy+1, seed)*u
	return top*(1-v) + bottom*v
}

func fbm(x, y float64, octaves, seed int) float64 {
	sum, amp, total := 0.0, 1.0, 0.0
	for i := range octaves {
		sum += amp * noise(x, y, seed+i*101)
		total += amp
		x, y, amp = x*2.03+17.1, y*2.03+9.7, amp*0.5
	}
	return sum / total
}

// ridged is fbm with creases turned upwards, as on mountains; 0 to 1.
func ridged(x, y float64, octaves, seed int) float64 {
	sum, amp, total, weight := 0.0, 1.0, 0.0, 1.0
	for i := range octaves {
		n := 1 - math.Abs(2*noise(x, y, seed+i*57)-1)
		n *= n
		sum += amp * n * weight
		total += amp
		weight = clamp(n * 1.6)
		x, y, amp = x*2.1+3.3, y*2.1+5.9, amp*0.5
	}
	return sum / total
}

// ridge is one line of mountains.
type ridge struct {
	base, rise float64 // of the picture's height, from the top
	frequency  float64 // peaks over the width
	sharp      float64 // 0 = rolling, 1 = alpine
	colour     rgb
	haze       float64 // how much of it the haze takes
	mist       float64 // fog in the valley before it
	trees      bool
	seed       int
}

var (
	zenith  = srgb(0x141d42)
	middle  = srgb(0x4a4a86)
	blush   = srgb(0xcf7a8a)
	horizon = srgb(0xffc08a)
	glow    = srgb(0xffd9a0)
	sunX    = 0.535
	sunY    = 0.475
)

var ridges = []ridge{
	{0.520, 0.120, 2.6, 0.9, srgb(0xb98aa6), 0.42, 0.55, false, 11},
	{0.565, 0.150, 2.1, 1.0, srgb(0x8d76a3), 0.25, 0.60, false, 23},
	{0.630, 0.130, 2.7, 0.9, srgb(0x625c92), 0.16, 0.62, false, 37},
	{0.690, 0.125, 2.2, 0.8, srgb(0x40467a), 0.09, 0.58, false, 41},
	{0.760, 0.110, 2.6, 0.6, srgb(0x283261), 0.04, 0.50, false, 59},
	{0.835, 0.090, 2.0, 0.4, srgb(0x182148), 0.02, 0.34, true, 67},
	{0.925, 0.085, 1.5, 0.2, srgb(0x0c1230), 0.00, 0.00, true, 83},
}

// line returns the height of the ridge for each column, in pixels from the top.
func (r ridge) line() []float64 {
	ys := make([]float64, width)
	for x := range ys {
		u := float64(x) / width * r.frequency
		alpine := ridged(u, 0.5, 9, r.seed)
		rolling := fbm(u*1.4, 0.5, 7, r.seed+500)
		valley := 1 - 0.30*math.Exp(-math.Pow((float64(x)/width-sunX)/0.16, 2))
		h := (alpine*r.sharp + rolling*(1-r.sharp)) * valley
		ys[x] = (r.base + r.rise*0.35 - h*r.rise*1.55) * height
	}
	return ys
}

// forest raises the ridge by spruces and returns how much of each pixel they cover.
func forest(ys []float64, seed uint64, size float64) []float32 {
	cover := make([]float32, width*height)
	rnd := rand.New(rand.NewPCG(seed, 7))
	for x := -40.0; x < width+40; x += size * (0.05 + 0.19*rnd.Float64()) {
		column := int(min(max(x, 0), width-1))
		grove := fbm(x/width*9, 0.3, 4, int(seed)+900)
		tall := size * (0.35 + 0.9*grove*grove*1.9) * (0.6 + 0.6*rnd.Float64())
		foot := ys[column] + size*0.35
		half := tall * (0.13 + 0.05*rnd.Float64())
		phase, lean := rnd.Float64(), (rnd.Float64()-0.5)*0.05
		branches := 7 + rnd.Float64()*6
		for y := int(foot - tall); y < int(foot)+2; y++ {
			if y < 0 || y >= height {
				continue
			}
			t := (float64(y) - (foot - tall)) / tall
			saw := math.Mod(t*branches+phase, 1)
			reach := half * math.Pow(t, 0.85) * (0.45 + 0.55*saw)
			middle := x + lean*tall*(1-t)
			for px := int(middle - reach - 2); px <= int(middle+reach+2); px++ {
				if px < 0 || px >= width {
					continue
				}
				rough := reach * (0.75 + 0.5*hash(px/2, y/2, int(seed)))
				c := float32(clamp(rough - math.Abs(float64(px)-middle) + 0.7))
				if i := y*width + px; c > cover[i] {
					cover[i] = c
				}
			}
		}
	}
	return cover
}

// sky is what stands behind the mountains.
func sky(u, v float64) rgb {
	up := clamp(v / sunY)
	c := zenith.mix(middle, smooth(0, 0.62, up)).mix(blush, smooth(0.50, 0.93, up)).mix(horizon, smooth(0.80, 1.06, up))
	dx, dy := (u-sunX)*1.5, v-sunY
	d := math.Hypot(dx, dy)
	c = c.add(glow, 0.55*math.Exp(-d*d/0.012)).add(horizon, 0.30*math.Exp(-d*d/0.09)*smooth(0.0, 0.4, v))

	// Thin high clouds, lit from below.
	warp := fbm(u*3, v*6, 4, 301)
	streak := fbm(u*4.2+warp*1.4, v*26+warp*3.5-u*3, 6, 311)
	veil := smooth(0.50, 0.78, streak) * smooth(0.10, 0.30, v) * (1 - smooth(0.40, 0.50, v))
	lit := blush.mix(horizon, smooth(0.12, 0.44, v)).mul(1.05)
	c = c.mix(lit, 0.50*veil)

	// The sun, half sunk in haze.
	disc := smooth(0.0275, 0.0255, d)
	return c.mix(srgb(0xfff1cf).mul(1.25), disc*0.96)
}

// stars dots the upper sky.
func stars(pixels []rgb) {
	rnd := rand.New(rand.NewPCG(5, 8))
	for range 420 {
		x, y := rnd.Float64()*width, math.Pow(rnd.Float64(), 1.7)*height*0.30
		bright := math.Pow(rnd.Float64(), 5)*0.9 + 0.05
		bright *= 1 - smooth(0.12, 0.30, y/height)
		size := 0.7 + 0.6*bright
		for py := int(y) - 3; py <= int(y)+3; py++ {
			for px := int(x) - 3; px <= int(x)+3; px++ {
				if px < 0 || py < 0 || px >= width || py >= height {
					continue
				}
				d := math.Hypot(float64(px)-x, float64(py)-y)
				pixels[py*width+px] = pixels[py*width+px].add(rgb{0.95, 0.97, 1}, bright*math.Exp(-d*d/(size*size)))
			}
		}
	}
}

func paint() []rgb {
	pixels := make([]rgb, width*height)
	for y := range height {
		for x := range width {
			pixels[y*width+x] = sky(float64(x)/width, float64(y)/height)
		}
	}
	stars(pixels)
	for i, r := range ridges {
		ys := r.line()
		var cover []float32
		if r.trees {
			cover = forest(ys, uint64(r.seed), 46+float64(i-5)*64)
		}
		for y := range height {
			for x := range width {
				at := y*width + x
				inside := clamp(float64(y) - ys[x] + 0.5)
				if cover != nil {
					inside = max(inside, float64(cover[at]))
				}
				if inside > 0 {
					pixels[at] = pixels[at].mix(r.shade(x, y, ys), inside)
				}
			}
		}
	}
	return pixels
}

// shade is the colour of a ridge at a pixel: rock in soft light, haze, valley fog.
func (r ridge) shade(x, y int, ys []float64) rgb {
	u, v := float64(x)/width, float64(y)/height
	deep := (float64(y) - ys[x]) / height // below the crest
	c := r.colour

	// Faces: the slope of a finer relief, lit from the sun's side.
	scale := 7 + r.frequency*2
	relief := func(dx float64) float64 { return ridged(u*scale+dx, v*scale*0.9+deep*3, 6, r.seed+77) }
	side := clampTo((sunX-u)/0.12, -1, 1)
	slope := (relief(0.03*side) - relief(-0.03*side)) * 3.2
	contrast := (0.20 + 0.22*r.sharp) * (1 - r.haze)
	c = c.mul(1 + contrast*clampTo(slope, -0.8, 0.9)*math.Exp(-deep*8))

	// The sun's warmth lies on what is near it and far away.
	d := math.Hypot((u-sunX)*1.3, (v-sunY)*1.6)
	warm := math.Exp(-d*d/0.05) * (0.12 + r.haze*1.4)
	c = c.mix(horizon, warm*0.8)
	c = c.mix(blush.mix(horizon, 0.5), r.haze*0.7)

	// Fog gathers in the valleys, in drifts.
	drift := fbm(u*5+float64(r.seed), v*16, 5, r.seed+200)
	fog := smooth(0.015, 0.13, deep+(drift-0.5)*0.07) * r.mist
	fogColour := r.colour.mix(blush.mix(horizon, 0.35), 0.42+0.30*math.Exp(-math.Pow((u-sunX)/0.3, 2))).mul(1.02)
	return c.mix(fogColour, fog*(0.55+0.5*drift))
}

// ground is the colour, 0 to 255, in which the picture ends below, so that it goes
// over into a page of the same colour.
var ground = rgb{10, 16, 43}

func clampTo(t, from, to float64) float64 { return min(max(t, from), to) }

// develop turns light into a picture: vignette, curve, grain.
func develop(pixels []rgb) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	rnd := rand.New(rand.NewPCG(19, 26))
	grain := make([]float64, width*height)
	for i := range grain {
		grain[i] = rnd.NormFloat64()
	}
	for y := range height {
		for x := range width {
			u, v := float64(x)/width-0.5, float64(y)/height-0.5
			c := pixels[y*width+x].mul(1 - 0.42*smooth(0.25, 0.85, math.Hypot(u*1.05, v*1.1)))
			// Neighbours share some grain, as in film.
			left, above := grain[y*width+max(x-1, 0)], grain[max(y-1, 0)*width+x]
			g := (grain[y*width+x] + 0.6*left + 0.6*above) * 0.0085
			tone := func(l float64) uint8 {
				l = 1 - math.Exp(-l*1.55)                   // shoulder
				s := math.Pow(l/(1-math.Exp(-1.55)), 1/2.2) // to sRGB
				s += g * (1.15 - 0.6*s)
				return uint8(clamp(s)*255 + 0.5)
			}
			end := smooth(0.93, 0.995, float64(y)/height)
			fade := func(s uint8, to float64) uint8 { return uint8(float64(s)*(1-end) + to*end + 0.5) }
			img.SetRGBA(x, y, color.RGBA{fade(tone(c.r), ground.r), fade(tone(c.g), ground.g), fade(tone(c.b), ground.b), 255})
		}
	}
	return img
}

func run() error {
	img := develop(paint())
	for quality := 92; quality > 50; quality -= 2 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			return err
		}
		if b.Len() <= maxBytes {
			fmt.Printf("%d × %d, quality %d, %d bytes\n", width, height, quality, b.Len())
			return os.WriteFile("picture.jpg", b.Bytes(), 0o644)
		}
	}
	return fmt.Errorf("no quality gives at most %d bytes", maxBytes)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
