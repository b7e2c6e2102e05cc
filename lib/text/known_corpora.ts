/**
 * The texts that are known by name.
 *
 * @module
 */

/** A text that `loadCorpus` knows by name. */
export interface KnownCorpus {
  /** The name to ask for. */
  readonly name: string;
  /** What its file in the data folder is called. */
  readonly fileName: string;
  /** Where it can be downloaded, in the order to try. */
  readonly urls: readonly string[];
  /** The SHA-256 of its bytes, in lower-case hexadecimal: it decides whether a file is this text. */
  readonly sha256: string;
}

/** All texts that are known by name. */
export const knownCorpora: readonly KnownCorpus[] = [
  {
    name: "shakespeare",
    fileName: "shakespeare.txt",
    urls: [
      "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
      "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    ],
    sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
  },
];
