package main

import (
	"maps"

	"github.com/tepin/tepin/asset"
	"github.com/tepin/tepin/output"
	"github.com/tepin/tepin/render/text"
	"github.com/tepin/tepin/sandbox"
)

// runChild does a sandbox child's work, if this process was started as one, and ends.
func runChild() {
	children := output.Children()
	maps.Copy(children, asset.Children(setsType))
	sandbox.Main(children)
}

// setsType tells whether the text engine can use a font.
func setsType(font []byte) error {
	_, err := text.ParseFont(font)
	return err
}
