/**
 * The gated recurrent unit over a whole sequence: the equations and the op.
 *
 * The form is Keras' `reset_after=True`, which is cuDNN's: Cho et al. 2014,
 * https://arxiv.org/abs/1406.1078v1, with the reset gate after the recurrent
 * product. With p = x·W + b the input side (W the kernel, b the first row of the bias), R the
 * recurrent kernel, c the second row of the bias, σ the logistic function and ⊙ the
 * product element by element:
 *
 * ```text
 * z = σ(p_z + h·R_z + c_z)          how much of the old state stays
 * r = σ(p_r + h·R_r + c_r)          how much of it the candidate sees
 * q = h·R_h + c_h
 * ĥ = tanh(p_h + r ⊙ q)             the candidate
 * h′ = z ⊙ h + (1 − z) ⊙ ĥ
 * ```
 *
 * Backwards, with g the gradient of the loss by h′:
 *
 * ```text
 * dĥ = g ⊙ (1 − z) ⊙ (1 − ĥ²)
 * dz = g ⊙ (h − ĥ) ⊙ z ⊙ (1 − z)
 * dr = dĥ ⊙ q ⊙ r ⊙ (1 − r)
 * D = [dz, dr, dĥ]           by the input side, p
 * E = [dz, dr, dĥ ⊙ r]       by the recurrent side: dR = Σ hᵀ·E, dc = Σ E
 * dh = g ⊙ z + E·Rᵀ          on to the step before
 * ```
 *
 * What makes it fast is what stays out of the time loop: dR is one product after it, and
 * p is made before it by whoever calls, in one product for all steps. Where the inputs are
 * tokens there are far fewer of them than steps: then p is a table with a row for each
 * token, and each step looks its row up.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What one GRU layer reads. */
export interface GruInputs {
  /** `[rows, 3 · rnnUnits]`: x·W + b, the columns of update, reset and candidate */
  readonly projected: tf.Tensor2D;
  /** int32 `[batch, time]`: the row of `projected` for each step; without it, b · time + t */
  readonly ids?: tf.Tensor2D | undefined;
  /** `[batch, rnnUnits]`, the hidden state before the first step */
  readonly initialState: tf.Tensor2D;
  /** `[rnnUnits, 3 · rnnUnits]` */
  readonly recurrentKernel: tf.Tensor2D;
  /** `[3 · rnnUnits]`: c */
  readonly recurrentBias: tf.Tensor1D;
}

/** The sizes of a GRU's sequences. */
export function gruSizes({ projected, ids, initialState }: GruInputs) {
  const [batch, units] = initialState.shape;
  return { batch, time: ids?.shape[1] ?? projected.shape[0] / batch, units };
}

/** The kernel of the forward pass: `GruInputs` → hidden states and what backward needs. */
export const gruForward = "FolioGru";
/** The kernel of the backward pass: `GruGradientInputs` → four gradients. */
export const gruBackward = "FolioGruGrad";

/** What the backward pass reads; its attribute `rows` is that of `projected`. */
export interface GruGradientInputs {
  readonly ids?: tf.Tensor2D | undefined;
  readonly recurrentKernel: tf.Tensor2D;
  /** `[batch, time, rnnUnits]`: the gradient by the hidden states */
  readonly gradient: tf.Tensor3D;
  /** What the forward pass of the same backend returned after the hidden states. */
  readonly saved0: tf.Tensor;
  readonly saved1: tf.Tensor;
}

/**
 * Runs a GRU layer over sequences, with a gradient of its own.
 *
 * @param gru The input side, the state before it and the weights.
 * @returns The hidden state after each step, `[batch, time, rnnUnits]`; the last
 * is the state to go on from.
 */
export function gru({ ids, ...gru }: GruInputs): tf.Tensor3D {
  const engine = tf.engine();
  const { projected, initialState, recurrentKernel, recurrentBias } = gru;
  const rows = { ...ids && { ids } };
  const run = (training: boolean) =>
    engine.runKernel(gruForward, { ...gru, ...rows }, { training }) as unknown as [
      tf.Tensor,
      ...tf.Tensor[],
    ];
  // Without a tape nothing will ask for a gradient, so nothing need be saved for one.
  if (!isTapeOn()) return run(false)[0] as tf.Tensor3D;

  const op = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [hidden, ...saved] = run(true);
    save([recurrentKernel, ...saved, ...ids ? [ids] : []]);
    return {
      value: hidden,
      gradFunc: (gradient: tf.Tensor, values: tf.Tensor[]) => {
        const [recurrentKernel, saved0, saved1, ids] = values as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor?,
        ];
        const inputs = { recurrentKernel, gradient, saved0, saved1, ...ids && { ids } };
        const attrs = { rows: projected.shape[0] };
        return engine.runKernel(gruBackward, inputs, attrs) as unknown as tf.Tensor[];
      },
    };
  });
  return op(projected, initialState, recurrentKernel, recurrentBias) as tf.Tensor3D;
}

/** Whether tfjs is recording ops for a gradient; its own `isTapeOn` is private. */
function isTapeOn(): boolean {
  return (tf.engine() as unknown as { isTapeOn(): boolean }).isTapeOn();
}
