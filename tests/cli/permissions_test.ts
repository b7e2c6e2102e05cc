import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { selectDevice } from "folio";
import { findBlas } from "../../cli/blas_path.ts";
import type {
  CliCommand,
  ExportCommand,
  GenerateCommand,
  TrainCommand,
} from "../../cli/commands.ts";
import { UsageError } from "../../cli/exit.ts";
import { installedPaths, permissionFlags } from "../../cli/permissions.ts";
import { inFolder, plainEnvironment, root, someText } from "./task.ts";

const paths = {
  root: "/folio",
  wasm: "/cache/wasm",
  esbuild: "/cache/esbuild",
  hasMachineCode: true,
};
const training: TrainCommand = {
  name: "train",
  corpus: "/home/me/my text.txt",
  out: "/home/me/out",
  given: {},
  resume: false,
  force: false,
  keep: 3,
  device: "auto",
  blas: "/usr/lib/libblas.so",
  native: "auto",
};
const generation: GenerateCommand = {
  name: "generate",
  model: "/home/me/out",
  length: 1,
  temperature: 1,
  seed: 0,
  count: 1,
  json: false,
  device: "wasm",
  blas: "none",
  native: "auto",
};
const toKeras: ExportCommand = {
  name: "export",
  model: "/home/me/out",
  to: "keras",
  out: "/home/me/keras",
};

Deno.test("each command may do what it is for, by name and path, and nothing else", () => {
  const read = "--allow-read=/home/me/my text.txt,/home/me/out";
  const [files, write] = [`${read},/cache/wasm,/folio/lib/kernels`, "--allow-write=/home/me/out"];
  const one = "--allow-ffi=/usr/lib/libblas.so";
  const found = { ...training, blas: "auto", foundBlas: "/usr/lib/libblas.so" };
  const cases: [command: CliCommand, flags: string[]][] = [
    // Machine code takes the permission to use all libraries.
    [training, [files, write, "--allow-ffi"]],
    [{ ...training, device: "wasm" }, [files, write, "--allow-ffi"]],
    [found, [files, write, "--allow-ffi"]],
    // Where there is none, one library or none is enough.
    [{ ...training, native: "off" }, [files, write, one]],
    [{ ...found, native: "off" }, [files, write, one]],
    [{ ...training, blas: "none" }, [files, write]],
    [{ ...training, blas: "auto" }, [files, write]],
    [{ ...training, device: "webgpu" }, [read, write]],
    [{ ...found, device: "cpu" }, [read, write]],
    [{ ...generation, blas: "/usr/lib/libblas.so" }, [
      "--allow-read=/home/me/out,/cache/wasm,/folio/lib/kernels",
      "--allow-ffi",
    ]],
    [{ ...training, corpus: "https://example.org/a.txt", blas: "none" }, [
      "--allow-read=/home/me/out,/cache/wasm,/folio/lib/kernels",
      "--allow-write=/home/me/out",
      "--allow-net=example.org:443",
    ]],
    [{ ...training, corpus: "shakespeare", blas: "auto" }, [
      "--allow-read=/folio/data,/home/me/out,/cache/wasm,/folio/lib/kernels",
      "--allow-write=/folio/data,/home/me/out",
      "--allow-net=storage.googleapis.com:443,raw.githubusercontent.com:443",
    ]],
    [generation, ["--allow-read=/home/me/out,/cache/wasm,/folio/lib/kernels"]],
    [{ ...generation, device: "cpu" }, ["--allow-read=/home/me/out"]],
    [{ ...generation, model: "http://[::1]:8000/my/", device: "webgpu" }, [
      "--allow-net=[::1]:8000",
    ]],
    [{ ...toKeras, to: "web", out: "/home/me/page" }, [
      "--allow-read=/home/me/out,/home/me/page,/cache/wasm,/folio/demo/page",
      "--allow-write=/home/me/page",
      "--allow-run=/cache/esbuild",
      "--allow-env",
    ]],
    [toKeras, [
      "--allow-read=/home/me/out,/home/me/keras,/folio/interop/folio_keras.py",
      "--allow-write=/home/me/keras",
    ]],
    [{ ...toKeras, to: "torch", python: "/usr/bin/python3" }, [
      "--allow-read=/home/me/out,/home/me/keras,/folio/interop/folio_torch.py",
      "--allow-write=/home/me/keras",
      "--allow-run=/usr/bin/python3",
    ]],
  ];
  for (const [command, flags] of cases) assert.deepEqual(permissionFlags(command, paths), flags);
  const elsewhere = { ...paths, hasMachineCode: false };
  for (const command of [training, found]) {
    assert.deepEqual(permissionFlags(command, elsewhere), [files, write, one]);
  }
});

Deno.test("a path with a comma cannot be named, and is refused", () => {
  for (const command of [{ ...training, out: "/a,b" }, { ...generation, model: "/a,/etc" }]) {
    assert.throws(() => permissionFlags(command, paths), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /Cannot use "\/a,.*: at its comma .* Rename it/);
      return true;
    });
  }
});

Deno.test("the tasks' own permissions are by name too", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const variables = [
    ...["INIT_CWD", "FOLIO_DEVICE", "FOLIO_BLAS", "FOLIO_NATIVE"],
    ...["LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "XDG_RUNTIME_DIR"],
  ];
  assert.deepEqual(tasks.folio.command.split(" --"), [
    "deno run",
    "quiet",
    `no-prompt "--allow-run=$(deno eval -p 'Deno.execPath()')"`,
    "allow-read=.venv,/usr/lib,/usr/lib64,/usr/local/lib",
    `allow-env=${variables} cli/main.ts`,
  ]);
  for (const name of ["train", "generate", "export"]) {
    assert.equal(tasks[name].command, `deno task --quiet folio ${name}`);
  }
});

/** Does what a training does, then what it must not do; prints what came of each. */
const probe = `
  import { loadCorpus, selectDevice } from ${JSON.stringify(join(root, "lib/mod.ts"))};
  const [corpus, out, other, blas, native] = Deno.args;
  const report = {
    device: String(await selectDevice({ name: "wasm", blas, native })),
    length: (await loadCorpus(corpus)).text.length,
  };
  await Deno.mkdir(out, { recursive: true });
  await Deno.writeTextFile(out + "/x", "");
  const forbidden = {
    readOther: () => Deno.readTextFile(other),
    writeOther: () => Deno.writeTextFile(other, ""),
    writeCorpus: () => Deno.writeTextFile(corpus, ""),
    writeBeside: () => Deno.writeTextFile(out + ".txt", ""),
    environment: () => Deno.env.get("HOME"),
    network: () => fetch("http://localhost:8901/"),
    program: () => new Deno.Command(Deno.execPath()).output(),
    library: () => Deno.dlopen("/lib/x86_64-linux-gnu/libm.so.6", {}),
    system: () => Deno.hostname(),
  };
  for (const [name, act] of Object.entries(forbidden)) {
    try {
      await act();
      report[name] = "done";
    } catch (error) {
      report[name] = error.name;
    }
  }
  console.log(JSON.stringify(report));
`;

const library = findBlas();
const ways = [
  { native: "auto", blas: "none" },
  ...library === undefined
    ? []
    : [{ native: "off", blas: library }, { native: "auto", blas: library }],
];

for (const { native, blas } of ways) {
  const products = blas === "none" ? "WebAssembly" : `${basename(blas)}, native ${native}`;
  Deno.test(`with these flags a training on ${products} has all it needs, and no more`, async () => {
    await inFolder(async (folder) => {
      const [corpus, out, other] = ["corpus.txt", "out", "other.txt"].map((n) => join(folder, n));
      for (const file of [corpus!, other!]) await Deno.writeTextFile(file, someText(50));
      const script = join(folder, "probe.js");
      await Deno.writeTextFile(script, probe);
      const command = { ...training, corpus: corpus!, out: out!, blas, native };
      const flags = permissionFlags(command, installedPaths());
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "--no-prompt", `--config=${join(root, "deno.json")}`],
          ...flags,
          ...[script, corpus!, out!, other!, blas, native],
        ],
        env: plainEnvironment(folder),
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      const { device, length, ...others } = JSON.parse(new TextDecoder().decode(stdout));
      // Under all permissions it has no faster products and no more threads.
      const here = await selectDevice({ name: "wasm", blas, native });
      assert.match(device, new RegExp(`^WebAssembly \\(${here.description}\\): `));
      assert.equal(length, (await Deno.readTextFile(corpus!)).length);
      const denied = Object.fromEntries(Object.keys(others).map((name) => [name, "NotCapable"]));
      if (flags.includes("--allow-ffi")) denied.library = "done";
      assert.deepEqual(others, denied);
      assert.equal(Object.keys(others).length, 9);
    });
  });
}

Deno.test("the BLAS is found as a path, which the library that setup installs comes first of", async () => {
  const found = findBlas();
  const installed = await Array.fromAsync(Deno.readDir(join(root, ".venv", "lib"))).catch(() => []);
  if (installed.length === 0 || Deno.build.os !== "linux") return;
  assert.equal(basename(found!), "libscipy_openblas.so");
  assert.ok(dirname(found!).startsWith(join(root, ".venv", "lib")));
});
