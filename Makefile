# make test   everything, on a fresh Debian 12 with Go 1.26: installs what it needs
# make check  gofmt, vet, staticcheck, the WebAssembly build, the tests under the race detector,
#              and without it those that count allocations and repeat a request a million times;
#              the tests compare generated files with what the code says (-update makes them anew)
# make bench  the figures that the README shows
# make interop  the table of third-party clients that the README shows

.PHONY: test check bench interop build

build:
	go build -o bin/tepin ./cmd/tepin

test:
	./.ci/install
	$(MAKE) check

check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt would change:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	GOARCH=arm64 go vet ./sandbox
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	GOOS=js GOARCH=wasm go build ./render ./render/raster ./render/text ./document
	GOOS=js GOARCH=wasm go test -exec="$$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./render/raster
	go test -race -timeout 20m ./...
	go test -run Repeats ./oauth

bench:
	go run ./bench

interop:
	go run ./interop
