import assert from "node:assert/strict";
import {
  decodeSafetensors,
  encodeSafetensors,
  type TensorRecord,
} from "../../lib/files/safetensors.ts";
import { repeats } from "../testdata/extent.ts";
import fc from "../testdata/fast_check.ts";

const shape = fc.array(fc.nat(4), { maxLength: 4 });

function record(name: string): fc.Arbitrary<TensorRecord> {
  return shape.chain((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const length = { minLength: size, maxLength: size };
    return fc.oneof(
      fc.float32Array(length).map((data) => ({ name, dtype: "F32", shape, data }) as const),
      fc.int32Array(length).map((data) => ({ name, dtype: "I32", shape, data }) as const),
    );
  });
}

const text = fc.string({ unit: "binary" });
const records = fc.uniqueArray(
  fc.oneof(text, fc.constantFrom("__proto__", "10", "2", "toString")),
  { maxLength: 6 },
).chain((names) => fc.tuple(...names.map(record)));

/** A file with the header given, in whatever state of repair. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, more = {}) => ({
  dtype: "F32",
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...more,
});

Deno.test("safetensors: what is written is read back, to the bit", () => {
  fc.assert(
    fc.property(
      records,
      fc.dictionary(text, text),
      fc.nat(7),
      (tensors, metadata, shift) => {
        const bytes = encodeSafetensors(tensors, metadata);
        // The reader must also take a view that lies askew in its buffer.
        const askew = new Uint8Array(bytes.length + shift).subarray(shift);
        askew.set(bytes);
        const content = decodeSafetensors(askew);
        assert.equal(content.tensors.size, tensors.length);
        for (const tensor of tensors) {
          assert.deepEqual(content.tensors.get(tensor.name), tensor);
        }
        // Those that have bytes come in the order that they were given in.
        const filled = ({ data }: TensorRecord) => data.length > 0;
        assert.deepEqual(
          [...content.tensors.values()].filter(filled),
          tensors.filter(filled),
        );
        assert.deepEqual(
          Object.entries(content.metadata).sort(),
          Object.entries(metadata).sort(),
        );
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("safetensors: the tensors begin at a multiple of eight", () => {
  fc.assert(fc.property(records, (tensors) => {
    const bytes = encodeSafetensors(tensors);
    const header = new DataView(bytes.buffer).getBigUint64(0, true);
    assert.equal(header % 8n, 0n);
    const data = tensors.reduce((sum, { data }) => sum + data.byteLength, 0);
    assert.equal(bytes.length, 8 + Number(header) + data);
  }));
});

Deno.test("safetensors: NaN, infinities and negative zero stay what they are", () => {
  const data = Float32Array.of(NaN, Infinity, -Infinity, -0);
  const bytes = encodeSafetensors([
    { name: "odd", dtype: "F32", shape: [4], data },
  ]);
  const read = decodeSafetensors(bytes).tensors.get("odd")!.data;
  assert(Array.from(read).every((value, i) => Object.is(value, data[i])));
});

Deno.test("safetensors: the writer refuses what does not fit together", () => {
  const good: TensorRecord = {
    name: "kernel",
    dtype: "F32",
    shape: [2],
    data: new Float32Array(2),
  };
  const refused = (tensors: TensorRecord[], message: RegExp) =>
    assert.throws(() => encodeSafetensors(tensors), (error) => {
      assert(error instanceof RangeError);
      return message.test(error.message);
    });
  refused([good, good], /"kernel": its name is taken/);
  refused([{ ...good, name: "__metadata__" }], /taken/);
  refused([{ ...good, name: "\ud800" }], /surrogate/);
  refused([{ ...good, shape: [3] }], /\[3\] does not fit 2 numbers/);
  refused([{ ...good, shape: [0.5, 4] }], /does not fit/);
  refused([{ ...good, dtype: "I32" }], /it is I32, its data Float32Array/);
});

const broken: Record<string, [Uint8Array, RegExp]> = {
  "no bytes": [new Uint8Array(0), /ends after 0 bytes/],
  "half a length": [new Uint8Array(7), /ends after 7 bytes/],
  "a header longer than the file": [
    file({}).subarray(0, -1),
    /claims 2 bytes of the 1/,
  ],
  "a header of 2^64 - 1 bytes": [
    new Uint8Array(16).fill(255, 0, 8),
    /more than 100000000/,
  ],
  "a header over 100 MB": [
    (() => {
      const bytes = file("{}");
      new DataView(bytes.buffer).setBigUint64(0, 100_000_001n, true);
      return bytes;
    })(),
    /claims 100000001 bytes, more than 100000000/,
  ],
  "an empty header": [file(""), /does not begin with \{/],
  "a header that is an array": [file("[]"), /does not begin with \{/],
  "a header after a space": [file(" {}"), /does not begin with \{/],
  "half a header": [file('{"a":'), /not JSON/],
  "text after the header": [file("{} x"), /not JSON/],
  "a header that is not UTF-8": [
    (() => {
      const bytes = file('{"a":1}');
      bytes[10] = 0xff;
      return bytes;
    })(),
    /not JSON in UTF-8/,
  ],
  "a name twice": [
    file(`{"a":${JSON.stringify(entry(0, 4))},"a":0}`, 4),
    /has "a" twice/,
  ],
  "a name twice, written differently": [
    file(
      `{"a":${JSON.stringify(entry(0, 4))},"\\u0061":${JSON.stringify(entry(0, 4))}}`,
      4,
    ),
    /has "a" twice/,
  ],
  "a field twice": [
    file('{"a":{"dtype":"F32","dtype":"I32","shape":[],"data_offsets":[0,4]}}'),
    /has "dtype" twice/,
  ],
  "a name that is no text": [
    file('{"\\ud800":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', 4),
    /is no text/,
  ],
  "an unknown type": [
    file({ a: entry(0, 8, { dtype: "F64" }) }, 8),
    /"a.dtype" is not valid.*F32/,
  ],
  "an entry that is no object": [file({ a: 3 }), /"a" is not valid/],
  "a field too many": [file({ a: entry(0, 4, { more: 1 }) }, 4), /"a" is not/],
  "no shape": [
    file({ a: { dtype: "F32", data_offsets: [0, 0] } }),
    /"a.shape"/,
  ],
  "half an element": [
    file({ a: entry(0, 4, { shape: [0.5] }) }, 4),
    /"a.shape.0"/,
  ],
  "a negative size": [
    file({ a: entry(0, 4, { shape: [-1] }) }, 4),
    /"a.shape.0"/,
  ],
  "three offsets": [
    file({ a: entry(0, 4, { data_offsets: [0, 4, 4] }) }, 4),
    /"a.data_offsets"/,
  ],
  "a negative offset": [
    file({ a: entry(0, 4, { data_offsets: [-4, 0] }) }, 4),
    /"a.data_offsets.0"/,
  ],
  "an end before the beginning": [
    file({ a: entry(0, 4), b: entry(4, 0, { shape: [] }) }, 4),
    /"b" ends before it begins/,
  ],
  "an overlap": [
    file({ a: entry(0, 8), b: entry(4, 12) }, 12),
    /"b" overlaps/,
  ],
  "the same bytes twice": [
    file({ a: entry(0, 4), b: entry(0, 4) }, 4),
    /"b" overlaps/,
  ],
  "a hole at the start": [
    file({ a: entry(4, 8) }, 8),
    /no tensor has the 4 bytes before "a"/,
  ],
  "a hole between": [
    file({ a: entry(0, 4), b: entry(8, 12) }, 12),
    /no tensor has the 4 bytes before "b"/,
  ],
  "bytes at the end": [file({ a: entry(0, 4) }, 5), /has its last 1 bytes/],
  "bytes but no tensor": [file({}, 3), /has its last 3 bytes/],
  "a cut file": [file({ a: entry(0, 8) }, 7), /"a" ends at byte 8 of 7/],
  "a shape for other bytes": [
    file({ a: entry(0, 8, { shape: [3] }) }, 8),
    /"a" \[3\] does not fit its 8 bytes/,
  ],
  "a shape past counting": [
    file({ a: entry(0, 0, { shape: [2 ** 40, 2 ** 40, 0] }) }),
    /does not fit its 0 bytes/,
  ],
  "metadata that is a list": [file({ __metadata__: ["a"] }), /object of texts/],
  "metadata that is no text": [
    file({ __metadata__: { epoch: 3 } }),
    /"__metadata__" must be an object of texts/,
  ],
};

for (const [name, [bytes, message]] of Object.entries(broken)) {
  Deno.test(`safetensors: ${name} is refused`, () => {
    assert.throws(() => decodeSafetensors(bytes), (error) => {
      assert(error instanceof Error && message.test(error.message), `${error}`);
      return /^Cannot read this safetensors file: /.test(error.message);
    });
  });
}

Deno.test("safetensors: a hundred thousand brackets deep is refused, not a crash", () => {
  const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assert.throws(() => decodeSafetensors(file(deep)), /Cannot read/);
});

Deno.test("safetensors: a mutated file is refused, or describes all its bytes", () => {
  const mutation = fc.array(
    fc.record({
      place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      byte: fc.nat(255),
      kind: fc.constantFrom("set", "insert", "delete", "cut"),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const original = encodeSafetensors([
    { name: "a", dtype: "F32", shape: [2, 2], data: new Float32Array(4) },
    { name: "iter", dtype: "I32", shape: [], data: Int32Array.of(9) },
  ], { made: "here" });
  const numRuns = repeats(30_000);
  let accepted = 0, refused = 0;
  fc.assert(
    fc.property(mutation, (mutations) => {
      const bytes = [...original];
      for (const { place, byte, kind } of mutations) {
        const at = Math.floor(place * bytes.length);
        if (kind === "set") bytes[at] = byte;
        else if (kind === "insert") bytes.splice(at, 0, byte);
        else if (kind === "delete") bytes.splice(at, 1);
        else bytes.length = at;
      }
      const mutated = Uint8Array.from(bytes);
      try {
        const { tensors } = decodeSafetensors(mutated);
        const header = new DataView(mutated.buffer).getBigUint64(0, true);
        let end = 8 + Number(header);
        for (const { shape, data } of tensors.values()) {
          assert.equal(shape.reduce((a, b) => a * b, 1), data.length);
          end += data.byteLength;
        }
        assert.equal(end, mutated.length);
        accepted++;
      } catch (error) {
        assert(error instanceof Error);
        assert.match(error.message, /^Cannot read this safetensors file: /);
        refused++;
      }
    }),
    { numRuns },
  );
  // About one in forty is accepted; a quick run may have none.
  const few = Math.floor(numRuns / 1000);
  assert(accepted >= few && refused > numRuns / 2, `${accepted} and ${refused}`);
});
