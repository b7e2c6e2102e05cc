import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jupyterVariables, projectPaths } from "../../tools/project_paths.ts";
import { setUp } from "../../tools/setup.ts";
import { inTempDir } from "./generated_notebook.ts";

/** What a pretended Python can do. */
interface FakePython {
  readonly version?: string;
  readonly hasVenv?: boolean;
  readonly pypi?: boolean;
  readonly blas?: boolean;
  /** Whether nbclient can be imported by the Python on PATH. */
  readonly nbclient?: boolean;
}

/**
 * A shell script that answers what setup asks of a Python. As `python3` on PATH it is the system's;
 * the copy that "venv" makes is the environment's.
 */
function fakePython(fake: FakePython): string {
  const { version = "3.11.2", hasVenv = true, pypi = true, blas = true, nbclient = false } = fake;
  const isNew = Number(version.split(".")[1]) >= 9;
  return `#!/bin/sh
case "$*" in
  "-c import sys") exit 0 ;;
  "-c import importlib"*) echo '{"program": "'$0'", "version": "${version}", "new": ${isNew}, "hasVenv": ${hasVenv}}' ;;
  "-c import nbclient"*) ${nbclient ? "exit 0" : "exit 1"} ;;
  "-m venv "*) /bin/mkdir -p "$3/bin" && /bin/cp "$0" "$3/bin/python" ;;
  "-m pip --version") exit 0 ;;
  "-m pip install "*requirements-blas*) ${blas ? "exit 0" : "echo no wheel >&2; exit 1"} ;;
  "-m pip install "*) ${
    pypi ? "exit 0" : "echo 'ERROR: Could not connect to pypi.org' >&2; exit 1"
  } ;;
  *) echo "unexpected: $*" >&2; exit 2 ;;
esac
`;
}

/** A project of nothing but what setup reads, and a PATH with only the pretended Python on it. */
async function inProject(
  python: FakePython | undefined,
  test: (setUp: (...args: string[]) => Promise<string>, root: string) => Promise<void>,
): Promise<void> {
  await inTempDir(async (folder) => {
    const root = join(folder, "project");
    const path = join(folder, "path");
    await Deno.mkdir(join(root, "tools"), { recursive: true });
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(root, "deno.json"), `{ "imports": {} }`);
    await Deno.writeTextFile(join(root, "tools", "requirements.txt"), "jupyterlab==4.6.6\n");
    await Deno.writeTextFile(join(root, "tools", "requirements-blas.txt"), "scipy-openblas32\n");
    if (python) {
      await Deno.writeTextFile(join(path, "python3"), fakePython(python), { mode: 0o755 });
    }
    await test(async (...args) => {
      const driver = fileURLToPath(new URL("./setup_driver.ts", import.meta.url));
      const output = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", driver, root, ...args],
        env: { PATH: path },
      }).output();
      return new TextDecoder().decode(output.stdout);
    }, root);
  });
}

const unix = Deno.build.os !== "windows";

Deno.test("setUp() has nothing to do, and nothing to say, the second time", async () => {
  await setUp();
  const said: string[] = [];
  const { changed, python } = await setUp(projectPaths(), { say: (line) => said.push(line) });
  assert.equal(changed, false);
  assert.deepEqual(said, []);
  await Deno.stat(python.program);
});

Deno.test("setUp() makes a kernelspec of the project's own, with a Deno that stays", async () => {
  await setUp();
  const paths = projectPaths();
  const file = join(paths.jupyterShare, "kernels", "deno", "kernel.json");
  const kernel = JSON.parse(await Deno.readTextFile(file));
  assert.equal(kernel.interrupt_mode, "message");
  assert.equal(kernel.argv[0], paths.deno);
  const version = await new Deno.Command(kernel.argv[0], { args: ["--version"] }).output();
  assert.match(new TextDecoder().decode(version.stdout), new RegExp(`^deno ${Deno.version.deno} `));
});

Deno.test("jupyterVariables() keeps all of Jupyter's folders inside .venv", () => {
  const paths = projectPaths();
  for (const [name, value] of Object.entries(jupyterVariables(paths))) {
    if (/DIR|PATH$/.test(name)) assert.ok(value === "1" || value.startsWith(paths.venv), name);
  }
});

Deno.test({
  name: "setUp() says what it does, once",
  ignore: !unix,
  fn: () =>
    inProject({}, async (setUp, root) => {
      const first = await setUp();
      assert.match(first, /making \.venv with Python 3\.11\.2 and venv/);
      assert.match(first, /installing Jupyter into \.venv/);
      assert.match(first, /"kind":"venv","changed":true/);
      assert.equal(await setUp(), `{"kind":"venv","changed":false}\n`);
      await Deno.writeTextFile(join(root, "tools", "requirements.txt"), "jupyterlab==4.6.7\n");
      const changed = await setUp();
      assert.match(changed, /installing Jupyter into \.venv/);
      assert.doesNotMatch(changed, /npm packages/);
    }),
});

Deno.test({
  name: "setUp() goes on without OpenBLAS, and says so",
  ignore: !unix,
  fn: () =>
    inProject({ blas: false }, async (setUp) => {
      const said = await setUp();
      assert.match(said, /no OpenBLAS for this platform/);
      assert.match(said, /"kind":"venv"/);
    }),
});

Deno.test({
  name: "setUp() takes the system's Jupyter where PyPI cannot be reached, until it is asked again",
  ignore: !unix,
  fn: () =>
    inProject({ pypi: false, nbclient: true }, async (setUp) => {
      const said = await setUp();
      assert.match(said, /Could not connect to pypi\.org/);
      assert.match(said, /headless runs only/);
      assert.match(said, /"kind":"system","changed":true/);
      assert.equal(await setUp(), `{"kind":"system","changed":false}\n`);
      assert.match(await setUp("--retry"), /installing Jupyter into \.venv/);
    }),
});

Deno.test({
  name: "setUp() names what is missing and the command that brings it",
  ignore: !unix,
  fn: async () => {
    const refusals: [FakePython | undefined, RegExp][] = [
      [
        undefined,
        /refused: folio needs Python 3\.9 or newer; none is on PATH\. .*apt install python3 python3-venv/,
      ],
      [{ version: "3.8.10" }, /the one on PATH is 3\.8\.10\. .*apt install python3/],
      [
        { hasVenv: false },
        /has no venv[^]*apt install python3-venv[^]*apt install python3-nbclient/,
      ],
      [{ pypi: false }, /Could not connect[^]*deno task setup[^]*apt install python3-nbclient/],
    ];
    for (const [python, message] of refusals) {
      await inProject(python, async (setUp) => assert.match(await setUp(), message));
    }
  },
});
