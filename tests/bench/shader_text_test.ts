import assert from "node:assert/strict";
import { sizeOfText } from "../../bench/shaders/operations.ts";

Deno.test("a shader's operations are those of its text, its functions put in place", () => {
  const code = `
// a + b * c in a comment
struct Pair { first: f32, second: u32 }
var<workgroup> pairs: array<Pair, 8>;
var<workgroup> vectors: array<vec4<f32>, 10>;
fn twice(a: f32) -> f32 { return a + a; }
fn four(a: f32) -> f32 { return twice(twice(a)); }
fn unused(a: f32) -> f32 { return a * a * a; }
@compute @workgroup_size(8)
fn main(@builtin(local_invocation_index) lane: u32) {
  for (var i = 0u; i < 4u; i++) { vectors[i] = vec4<f32>(max(four(1.0), -2.0)); }
}`;
  // i < 4u, i++, vectors[i], max, the two sums of `four`, and the minus
  assert.deepEqual(sizeOfText(code), { lines: 11, operations: 7, workgroupNumbers: 56 });
});
