/**
 * Downloading in pieces, with patience for each piece.
 *
 * @module
 */
/** How far a download has come. */
export interface DownloadProgress {
  /** The address it comes from. */
  readonly url: string;
  /** Bytes that have arrived. */
  readonly receivedBytes: number;
  /** Bytes that the server has announced, if it has. */
  readonly totalBytes?: number | undefined;
}

/** How {@linkcode downloadChunks} waits and reports. */
export interface DownloadOptions {
  /** Called when the server answers and then after each piece. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Milliseconds to wait for the answer, and then for each next piece. Default 15,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Downloads a file piece by piece.
 *
 * It gives up when nothing has come for a while, however long the whole takes. Leaving the loop
 * closes the connection.
 *
 * @param url The address, http or https.
 * @param options Progress and patience.
 * @yields The bytes as they arrive.
 * @throws {Error} If the server cannot be reached, refuses, falls silent or stops too early.
 */
export async function* downloadChunks(
  url: string,
  options: DownloadOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { onProgress, timeoutMs = 15_000 } = options;
  const connection = new AbortController();
  let receivedBytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waitAnew = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      const reason = `nothing came for ${seconds} s (${receivedBytes} bytes before)`;
      connection.abort(new Error(reason));
    }, timeoutMs);
  };
  try {
    waitAnew();
    const response = await fetch(url, { signal: connection.signal });
    if (!response.ok) {
      throw new Error(
        `the server answered ${response.status} ${response.statusText}`.trim(),
      );
    }
    const totalBytes = announcedBytes(response);
    onProgress?.({ url, receivedBytes, totalBytes });
    const reader = response.body?.getReader();
    while (reader !== undefined) {
      const piece = await reader.read().catch((cause) => {
        if (connection.signal.aborted) throw connection.signal.reason;
        throw new Error(`the connection broke after ${receivedBytes} bytes`, {
          cause,
        });
      });
      if (piece.done) break;
      // Whatever the caller does with a piece is not the server's time.
      clearTimeout(timer);
      receivedBytes += piece.value.byteLength;
      onProgress?.({ url, receivedBytes, totalBytes });
      yield piece.value;
      waitAnew();
    }
    if (totalBytes !== undefined && receivedBytes !== totalBytes) {
      throw new Error(`only ${receivedBytes} of ${totalBytes} bytes came`);
    }
  } finally {
    clearTimeout(timer);
    connection.abort();
  }
}

/**
 * Says in one line why a download has failed.
 *
 * @param error What was thrown.
 * @returns The reason, without the address.
 */
export function downloadFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch throws a TypeError that says "fetch failed"; what happened is in its cause.
  if (error instanceof TypeError && error.cause instanceof Error) {
    return downloadFailure(error.cause);
  }
  return error.message.replace(/^error sending request for url \(.*?\): /, "");
}

function announcedBytes(response: Response): number | undefined {
  // Of a compressed answer the header counts other bytes than the ones that we receive.
  if (response.headers.has("content-encoding")) return undefined;
  const header = response.headers.get("content-length");
  return header === null ? undefined : Number(header);
}
