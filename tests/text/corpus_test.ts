import { knownCorpora } from "../../lib/text/known_corpora.ts";
import { loadKnownCorpus } from "../../lib/text/load_known_corpus.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadCorpus } from "../../lib/text/load_corpus.ts";
import { refusedUrl, withServer } from "../testdata/http_server.ts";
import { testWithShakespeare } from "../testdata/shakespeare.ts";

async function withFile(
  name: string,
  content: string | Uint8Array,
  run: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, name);
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    await run(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const shakespeare = knownCorpora.find(({ name }) => name === "shakespeare")!;

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

testWithShakespeare(
  "Shakespeare is downloaded from a mirror and kept",
  async (original) => {
    const dataDir = await Deno.makeTempDir();
    try {
      await withServer(
        async () => new Response(await Deno.readFile(original)),
        async (url) => {
          const corpus = await loadKnownCorpus({ ...shakespeare, urls: [url] }, { dataDir });
          assert.equal(corpus.name, "shakespeare");
          assert.equal(corpus.text.length, 1_115_394);
          assert.equal(new Set(corpus.text).size, 65);
          assert(
            corpus.text.startsWith(
              "First Citizen:\nBefore we proceed any further, hear me speak.\n",
            ),
          );
          assert.equal(corpus.standIn, undefined);
        },
      );
      const kept = await loadCorpus("shakespeare", { dataDir });
      assert.equal(kept.source, join(dataDir, "shakespeare.txt"));
    } finally {
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

Deno.test("Shakespeare out of reach is Moby-Dick, and says so on the console", async () => {
  const dataDir = await Deno.makeTempDir();
  const warned: string[] = [];
  const { warn } = console;
  console.warn = (message: string) => void warned.push(message);
  try {
    const corpus = await loadKnownCorpus({ ...shakespeare, urls: [refusedUrl()] }, { dataDir });
    assert.equal(corpus.standIn!.requested, "shakespeare");
    assert.deepEqual(warned, [corpus.standIn!.message]);
  } finally {
    console.warn = warn;
    await Deno.remove(dataDir, { recursive: true });
  }
});

Deno.test("a text of one's own comes from a path, a file address or a URL object", async () => {
  const text = "Es war einmal 漢字 😀\r\nund noch eine Zeile\n";
  await withFile("maerchen.de.txt", text, async (path) => {
    const expected = {
      name: "maerchen.de",
      text,
      source: path,
      sha256: hashOf(text),
    };
    assert.deepEqual(await loadCorpus(path), expected);
    assert.deepEqual(await loadCorpus(pathToFileURL(path)), expected);
    assert.deepEqual(await loadCorpus(pathToFileURL(path).href), expected);
  });
});

Deno.test("a byte order mark is not part of the text, but of the file's hash", async () => {
  await withFile("marked.txt", "\uFEFFabc", async (path) => {
    const corpus = await loadCorpus(path);
    assert.equal(corpus.text, "abc");
    assert.equal(corpus.sha256, hashOf("\uFEFFabc"));
  });
});

Deno.test("a text of one's own comes from a web address, each time anew", async () => {
  let version = 0;
  await withServer(() => new Response(`version ${++version}`), async (url) => {
    const address = `${url}books/mine.txt?raw=1`;
    const received: number[] = [];
    const first = await loadCorpus(address, {
      onProgress: ({ receivedBytes }) => received.push(receivedBytes),
    });
    assert.deepEqual(first, {
      name: "mine",
      text: "version 1",
      source: address,
      sha256: hashOf("version 1"),
    });
    assert.equal(received.at(-1), 9);
    assert.equal((await loadCorpus(new URL(address))).text, "version 2");
    assert.equal((await loadCorpus(url)).name, "127.0.0.1");
  });
});

Deno.test("a web address that fails is named with its reason, and nothing stands in", async () => {
  await withServer(() => new Response(null, { status: 404 }), async (url) => {
    await assert.rejects(loadCorpus(`${url}mine.txt`), {
      name: "Error",
      message: new RegExp(
        `Cannot download the corpus ${url}mine.txt: the server answered 404.*give its path`,
      ),
    });
  });
  await assert.rejects(loadCorpus(refusedUrl()), /refused/i);
});

Deno.test("what is neither a known name nor a file is refused, with the known names", async () => {
  await assert.rejects(loadCorpus("shakespere"), {
    name: "Error",
    message:
      'Cannot load the corpus "shakespere": there is no such file, nor a known text of this ' +
      'name. Give the path or address of a text file, or one of the known names: "shakespeare"',
  });
  await assert.rejects(loadCorpus(""), /Cannot load the corpus ""/);
});

Deno.test("a folder is refused by name", async () => {
  const folder = await Deno.makeTempDir();
  await assert.rejects(loadCorpus(folder), (error: Error) => {
    assert(
      error.message.startsWith(`Cannot load the corpus "${folder}": `),
      error.message,
    );
    assert.match(error.message, /directory/i);
    return true;
  });
  await Deno.remove(folder);
});

Deno.test("an empty file is refused by name, also when it holds only a mark", async () => {
  for (const content of ["", "\uFEFF"]) {
    await withFile("nothing.txt", content, async (path) => {
      await assert.rejects(loadCorpus(path), {
        message: `Cannot use ${path} as a corpus: it is empty. Give a file with text`,
      });
    });
  }
});

Deno.test("a file that is not UTF-8 is refused by name and place", async () => {
  await withFile(
    "latin1.txt",
    Uint8Array.of(0x47, 0x72, 0xF6, 0xDF, 0x65),
    async (path) => {
      await assert.rejects(loadCorpus(path), (error: Error) => {
        assert(
          error.message.startsWith(`Cannot read ${path}: it is not UTF-8`),
          error.message,
        );
        assert.match(error.message, /0xF6 at offset 2.*iconv/);
        return true;
      });
    },
  );
});
