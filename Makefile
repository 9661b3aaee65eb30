# make test   everything, on a fresh Debian 12 with Go 1.26: installs what it needs
# make check  gofmt, vet, staticcheck, the tests under the race detector, generated files
# make bench  the figures that the README shows

.PHONY: test check bench build generated

build:
	go build -o bin/tepin ./cmd/tepin

test:
	./.ci/install
	$(MAKE) check

check: generated
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt would change:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	GOOS=js GOARCH=wasm go build ./render ./render/raster ./render/text ./document
	GOOS=js GOARCH=wasm go test -exec="$$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./render/raster
	go test -race -timeout 20m ./...

# Generated files are committed; the tests compare them with what the code says.
# This makes them anew.
generated:
	@go run ./cmd/tepin config describe | cmp - docs/configuration.md

bench:
	go run ./bench
