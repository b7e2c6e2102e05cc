import assert from "node:assert/strict";
import {
  downloadChunks,
  downloadFailure,
  type DownloadOptions,
  type DownloadProgress,
} from "../../lib/files/download.ts";
import {
  refusedUrl,
  silentAfter,
  withServer,
  withTruncatingServer,
} from "../testdata/http_server.ts";

async function download(
  url: string,
  options?: DownloadOptions,
): Promise<string> {
  return await new Response(ReadableStream.from(downloadChunks(url, options)))
    .text();
}

/** The one-line reason with which a download fails. */
async function failureOf(
  url: string,
  options?: DownloadOptions,
): Promise<string> {
  try {
    await download(url, options);
  } catch (error) {
    return downloadFailure(error);
  }
  throw new Error("the download did not fail");
}

Deno.test("a download gives the bytes and tells how far it is", async () => {
  const text = "All the world's a stage. ".repeat(10_000);
  await withServer(() => new Response(text), async (url) => {
    const seen: DownloadProgress[] = [];
    assert.equal(
      await download(url, { onProgress: (progress) => seen.push(progress) }),
      text,
    );
    assert.deepEqual(seen[0], {
      url,
      receivedBytes: 0,
      totalBytes: text.length,
    });
    assert.deepEqual(seen.at(-1), {
      url,
      receivedBytes: text.length,
      totalBytes: text.length,
    });
    for (let i = 1; i < seen.length; i++) {
      assert(seen[i]!.receivedBytes > seen[i - 1]!.receivedBytes);
    }
  });
});

Deno.test("a server that announces no length has no total", async () => {
  const parts = () =>
    ReadableStream.from(["To be", ", or not"]).pipeThrough(
      new TextEncoderStream(),
    );
  await withServer(() => new Response(parts()), async (url) => {
    const seen: DownloadProgress[] = [];
    assert.equal(
      await download(url, { onProgress: (progress) => seen.push(progress) }),
      "To be, or not",
    );
    assert(seen.every(({ totalBytes }) => totalBytes === undefined));
  });
});

Deno.test("a compressed answer is the text, without a total that counts other bytes", async () => {
  const text = "Words, words, words. ".repeat(1000);
  const handler = () =>
    new Response(
      new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")),
      {
        headers: { "content-encoding": "gzip" },
      },
    );
  await withServer(
    handler,
    async (url) => assert.equal(await download(url), text),
  );
});

Deno.test("each failure has its reason in a line", async () => {
  const notFound = () => new Response("no", { status: 404, statusText: "Not Found" });
  await withServer(notFound, async (url) => {
    assert.equal(await failureOf(url), "the server answered 404 Not Found");
  });
  await withTruncatingServer(async (url) => {
    const reason = await failureOf(url);
    assert.equal(reason, "the connection broke after 9 bytes");
  });
  const url = refusedUrl();
  const reason = await failureOf(url);
  assert.match(reason, /refused/i);
  assert(!reason.includes(url) && !reason.includes("\n"), reason);
});

Deno.test("a server that never answers is given up", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await withServer(() => promise, async (url) => {
    assert.equal(
      await failureOf(url, { timeoutMs: 50 }),
      "nothing came for 0.05 s (0 bytes before)",
    );
    resolve(new Response());
  });
});

Deno.test("a server that falls silent is given up", async () => {
  const cases = [{ beginning: "", timeoutMs: 100 }, {
    beginning: "All the ",
    timeoutMs: 1000,
  }];
  for (const { beginning, timeoutMs } of cases) {
    await withServer(() => silentAfter(beginning), async (url) => {
      const reason = await failureOf(url, { timeoutMs });
      const expected = `nothing came for ${timeoutMs / 1000} s (${beginning.length} bytes before)`;
      assert.equal(reason, expected);
    });
  }
});

Deno.test("the patience is for each piece, not for the whole", async () => {
  const handler = () =>
    new Response(ReadableStream.from((async function* () {
      for (let piece = 0; piece < 12; piece++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        yield new TextEncoder().encode("word ");
      }
    })()));
  await withServer(handler, async (url) => {
    assert.equal(await download(url, { timeoutMs: 1000 }), "word ".repeat(12));
  });
});

Deno.test("who leaves in the middle closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  const handler = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1000)),
        cancel: () => closed.resolve(),
      }),
    );
  await withServer(handler, async (url) => {
    for await (const chunk of downloadChunks(url)) {
      assert(chunk.length > 0);
      break;
    }
    await closed.promise;
  });
});

Deno.test("a reason is taken from where it is", () => {
  assert.equal(downloadFailure("out of ink"), "out of ink");
  const cause = new Error("inner");
  assert.equal(
    downloadFailure(new TypeError("fetch failed", { cause })),
    "inner",
  );
  assert.equal(downloadFailure(new Error("outer", { cause })), "outer");
});
