/**
 * The GRU in plain tfjs ops, on any backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  gruBackward,
  gruForward,
  type GruGradientInputs,
  type GruInputs,
  gruSizes,
} from "../ops/gru.ts";
import { registerKernel } from "../ops/register_kernel.ts";

/** Registers it for a backend. */
export function registerPlainGru(backendName: string): void {
  const kernels = [[gruForward, plainForward], [gruBackward, plainBackward]] as const;
  for (const [kernelName, run] of kernels) {
    registerKernel(
      kernelName,
      backendName,
      ({ inputs, attrs }) => tf.tidy(() => run(inputs as never, attrs as never)),
    );
  }
}

/** The time axis first, as one tensor a step: `[batch, time, n]` → time × `[batch, n]`. */
function steps(sequence: tf.Tensor3D): tf.Tensor2D[] {
  const [batch, time, n] = sequence.shape;
  const timeMajor = tf.transpose(sequence, [1, 0, 2]).reshape([time * batch, n]);
  return tf.split(timeMajor, time) as tf.Tensor2D[];
}

/** time × `[batch, n]` → `[time · batch, n]`, all steps below each other. */
function rows(tensors: readonly tf.Tensor2D[]): tf.Tensor2D {
  return tf.concat([...tensors], 0);
}

/** `[time · batch, n]` → `[batch, time, n]` */
function batchMajor(timeMajor: tf.Tensor2D, batch: number): tf.Tensor3D {
  const [all, n] = timeMajor.shape;
  return tf.transpose(timeMajor.reshape([all / batch, batch, n]), [1, 0, 2]) as tf.Tensor3D;
}

/** What `tf.split` gives for three gates. */
type Triple = [tf.Tensor, tf.Tensor, tf.Tensor];

function plainForward(gru: GruInputs, { training }: { training: boolean }): tf.Tensor[] {
  const { projected, ids, initialState, recurrentKernel, recurrentBias } = gru;
  const { batch, time, units } = gruSizes(gru);
  const gradProjected = ids === undefined
    ? projected.reshape([batch, time, 3 * units])
    : tf.gather(projected, ids);
  const saved: tf.Tensor2D[] = []; // [batch, 4·units] a step: z, r, ĥ, q
  const hidden: tf.Tensor2D[] = [];
  let h = initialState;
  for (const p of steps(gradProjected as tf.Tensor3D)) {
    const [next, gates] = tf.tidy(() => {
      const [pz, pr, ph] = tf.split(p, 3, 1) as Triple;
      const recurrent = tf.add(tf.matMul(h, recurrentKernel), recurrentBias);
      const [hz, hr, q] = tf.split(recurrent, 3, 1) as Triple;
      const z = tf.sigmoid(tf.add(pz, hz));
      const r = tf.sigmoid(tf.add(pr, hr));
      const candidate = tf.tanh(tf.add(ph, tf.mul(r, q)));
      const next = tf.add(candidate, tf.mul(z, tf.sub(h, candidate))) as tf.Tensor2D;
      return [next, training ? tf.concat([z, r, candidate, q], 1) as tf.Tensor2D : next];
    }) as [tf.Tensor2D, tf.Tensor2D];
    hidden.push(next);
    if (training) saved.push(gates);
    h = next;
  }
  const sequence = batchMajor(rows(hidden), batch);
  return training ? [sequence, rows([initialState, ...hidden]), rows(saved)] : [sequence];
}

/** With `saved0` `[(time + 1) · batch, units]`, all states, and `saved1` `[time · batch, 4 · units]`. */
function plainBackward(gru: GruGradientInputs, attrs: { rows: number }): tf.Tensor[] {
  const { ids, recurrentKernel, gradient, saved0, saved1 } = gru;
  const [batch, time, units] = gradient.shape;
  const hidden = tf.split(saved0, time + 1) as tf.Tensor2D[];
  const gates = tf.split(saved1, time) as tf.Tensor2D[];
  const outputGradients = steps(gradient);
  const recurrentTransposed = tf.transpose(recurrentKernel) as tf.Tensor2D;
  const gradProjected: tf.Tensor2D[] = new Array(time); // D of the module's equations
  const gradRecurrent: tf.Tensor2D[] = new Array(time); // E
  let gradHidden: tf.Tensor2D = tf.zeros([batch, units]);
  for (let t = time - 1; t >= 0; t--) {
    const [previous, D, E] = tf.tidy(() => {
      const [z, r, candidate, q] = tf.split(gates[t]!, 4, 1) as [...Triple, tf.Tensor];
      const g = tf.add(outputGradients[t]!, gradHidden);
      const dCandidate = tf.mul(tf.mul(g, tf.sub(1, z)), tf.sub(1, tf.square(candidate)));
      const dz = tf.mul(tf.mul(g, tf.sub(hidden[t]!, candidate)), tf.mul(z, tf.sub(1, z)));
      const dr = tf.mul(tf.mul(dCandidate, q), tf.mul(r, tf.sub(1, r)));
      const D = tf.concat([dz, dr, dCandidate], 1) as tf.Tensor2D;
      const E = tf.concat([dz, dr, tf.mul(dCandidate, r)], 1) as tf.Tensor2D;
      const previous = tf.add(tf.mul(g, z), tf.matMul(E, recurrentTransposed));
      return [previous as tf.Tensor2D, D, E];
    }) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    gradHidden = previous;
    gradProjected[t] = D;
    gradRecurrent[t] = E;
  }
  const D = batchMajor(rows(gradProjected), batch).reshape([batch * time, 3 * units]);
  const E = rows(gradRecurrent); // [time·batch, 3·units]
  const previousStates = rows(hidden.slice(0, time)); // [time·batch, units]
  return [
    ids === undefined ? D : tf.unsortedSegmentSum(D, ids.flatten(), attrs.rows),
    gradHidden,
    tf.matMul(tf.transpose(previousStates), E),
    tf.sum(E, 0),
  ];
}
