import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { CorpusOptions } from "../../lib/text/corpus.ts";
import { knownCorpora, type KnownCorpus } from "../../lib/text/known_corpora.ts";
import { loadKnownCorpus } from "../../lib/text/load_known_corpus.ts";
import {
  refusedUrl,
  silentAfter,
  withServer,
  withTruncatingServer,
} from "../testdata/http_server.ts";

const text = "The quality of mercy is not strain'd,\nIt droppeth as the gentle rain from heaven\n";
const sha256 = createHash("sha256").update(text).digest("hex");

/** A text that these tests know by name, so that they need neither the internet nor Shakespeare. */
const mercy: KnownCorpus = {
  name: "mercy",
  fileName: "mercy.txt",
  urls: [],
  sha256,
};

interface Situation {
  readonly dataDir: string;
  readonly path: string;
  readonly notices: string[];
  readonly load: (
    urls: readonly string[],
    options?: CorpusOptions,
  ) => ReturnType<typeof loadKnownCorpus>;
  readonly files: () => string[];
}

/** Gives a data folder that is removed afterwards, and what has been said. */
async function withDataDir(
  run: (situation: Situation) => Promise<void>,
): Promise<void> {
  const parent = await Deno.makeTempDir();
  const dataDir = join(parent, "data");
  const notices: string[] = [];
  const onNotice = (message: string) => void notices.push(message);
  try {
    await run({
      dataDir,
      path: join(dataDir, mercy.fileName),
      notices,
      load: (urls, options) =>
        loadKnownCorpus({ ...mercy, urls }, {
          ...{ dataDir, onNotice, timeoutMs: 10_000 },
          ...options,
        }),
      files: () => [...Deno.readDirSync(dataDir)].map(({ name }) => name),
    });
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("Shakespeare is known with two addresses and the hash of the tutorial's text", () => {
  const shakespeare = knownCorpora.find(({ name }) => name === "shakespeare")!;
  assert.equal(shakespeare.urls.length, 2);
  assert(shakespeare.urls.every((url) => new URL(url).protocol === "https:"));
  assert.equal(
    shakespeare.sha256,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
  );
});

Deno.test("a text is downloaded once and then read from the data folder", async () => {
  await withDataDir(async ({ dataDir, path, notices, load, files }) => {
    let requests = 0;
    const handler = () => {
      requests++;
      return new Response(text);
    };
    await withServer(handler, async (url) => {
      const received: number[] = [];
      const downloaded = await load([url], {
        onProgress: ({ receivedBytes }) => received.push(receivedBytes),
      });
      assert.deepEqual(downloaded, {
        name: "mercy",
        text,
        source: url,
        sha256,
      });
      assert.equal(received.at(-1), text.length);
      assert.deepEqual(files(), ["mercy.txt"]);
      assert.equal(await Deno.readTextFile(path), text);

      assert.deepEqual(await load([url]), {
        name: "mercy",
        text,
        source: path,
        sha256,
      });
      const byUrl = await load([url], { dataDir: pathToFileURL(dataDir) });
      assert.equal(byUrl.source, path);
      const byHref = await load([url], {
        dataDir: pathToFileURL(dataDir).href,
      });
      assert.equal(byHref.source, path);
    });
    assert.equal(requests, 1);
    assert.deepEqual(notices, []);
  });
});

Deno.test("the next address is tried when one fails in whatever way", async () => {
  const routes = (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/good") return new Response(text);
    if (pathname === "/other") {
      return new Response("an error page, politely sent as 200");
    }
    if (pathname === "/silent") return silentAfter("The qual");
    return new Response(null, { status: 404 });
  };
  await withServer(routes, async (url) => {
    await withTruncatingServer(async (truncating) => {
      for (
        const bad of [
          `${url}none`,
          `${url}other`,
          `${url}silent`,
          truncating,
          refusedUrl(),
        ]
      ) {
        await withDataDir(async ({ load, files, notices }) => {
          // Only the silent server is waited for, so that a busy machine fails nothing else.
          const timeoutMs = bad.endsWith("silent") ? 1000 : 10_000;
          const corpus = await load([bad, `${url}good`], { timeoutMs });
          assert.deepEqual(corpus, {
            name: "mercy",
            text,
            source: `${url}good`,
            sha256,
          });
          assert.deepEqual(files(), ["mercy.txt"]);
          assert.deepEqual(notices, []);
        });
      }
    });
  });
});

Deno.test("where no text may stand in, all that was tried is said instead", async () => {
  await withDataDir(async ({ load, path, files }) => {
    const refused = refusedUrl();
    await assert.rejects(
      load([refused], { standIn: false }),
      (error: Error) => {
        const { message } = error;
        assert.match(message, /^Cannot load the corpus "mercy"\. We have tried /);
        for (const part of [refused, path, "Put its file at"]) {
          assert.ok(message.includes(part), part);
        }
        return true;
      },
    );
    assert.deepEqual(files(), []);
  });
});

Deno.test("when all addresses fail a text stands in, loudly, and nothing is left behind", async () => {
  const routes = (request: Request) =>
    new URL(request.url).pathname === "/other"
      ? new Response("another text")
      : new Response(null, { status: 503 });
  await withServer(routes, async (url) => {
    await withDataDir(async ({ path, load, files, notices }) => {
      const refused = refusedUrl();
      const corpus = await load([`${url}down`, `${url}other`, refused]);
      assert.equal(corpus.name, "moby-dick");
      assert.equal(corpus.standIn!.requested, "mercy");
      const tried = corpus.standIn!.tried;
      assert.equal(tried.length, 4);
      assert.equal(tried[0], `${path}: there is no such file`);
      assert.match(tried[1]!, /down: the server answered 503/);
      assert.match(
        tried[2]!,
        /other: it is another text \(SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}\)/,
      );
      assert(
        tried[3]!.startsWith(`${refused}: `) && /refused/i.test(tried[3]!),
        tried[3],
      );
      assert.deepEqual(notices, [corpus.standIn!.message]);
      for (
        const part of [
          ...tried,
          "Moby-Dick",
          path,
          sha256,
          "FOLIO_CORPUS",
          "--corpus",
        ]
      ) {
        assert(notices[0]!.includes(part), `the notice lacks ${part}`);
      }
      assert.deepEqual(files(), []);
    });
  });
});

Deno.test("another text under the same name is reported, left alone and never taken", async () => {
  await withDataDir(async ({ dataDir, path, load, files, notices }) => {
    await Deno.mkdir(dataDir);
    await Deno.writeTextFile(path, "my own notes");
    await withServer(() => new Response(text), async (url) => {
      const corpus = await load([url]);
      assert.deepEqual(corpus, { name: "mercy", text, source: url, sha256 });
    });
    assert.equal(notices.length, 1);
    assert(
      notices[0]!.startsWith(`${path} is not the text "mercy"`),
      notices[0],
    );
    const standIn = await load([refusedUrl()]);
    assert.match(standIn.standIn!.tried[0]!, /mercy\.txt: it is another text/);
    assert.equal(await Deno.readTextFile(path), "my own notes");
    assert.deepEqual(files(), ["mercy.txt"]);
  });
});

Deno.test("a data folder that is a file is refused by name, with the way out", async () => {
  await withDataDir(async ({ dataDir, path, load, notices }) => {
    await Deno.writeTextFile(dataDir, "a file where the folder should be");
    await withServer(() => new Response(text), async (url) => {
      await assert.rejects(load([url]), (error: Error) => {
        assert(
          error.message.startsWith(`Cannot read ${path}: `),
          error.message,
        );
        assert(
          error.message.endsWith("Set it right, or give another dataDir"),
          error.message,
        );
        return true;
      });
    });
    assert.deepEqual(notices, []);
  });
});
