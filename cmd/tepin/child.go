package main

import (
	"maps"

	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/preview"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sandbox"
	"github.com/tepin/tepin/script"
)

// runChild does a sandbox child's work, if this process was started as one, and ends.
func runChild() {
	children := output.Children()
	maps.Copy(children, preview.Children())
	maps.Copy(children, asset.Children(asset.Probes{Font: probeFont}))
	maps.Copy(children, script.Children())
	sandbox.Main(children)
}

func probeFont(data []byte) (asset.FontInfo, error) {
	i, err := text.Probe(data)
	return asset.FontInfo{Family: i.Family, Style: i.Style, Weight: i.Weight, Italic: i.Italic, Embedding: i.Embedding}, err
}
