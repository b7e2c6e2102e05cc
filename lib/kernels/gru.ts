/**
 * The gated recurrent unit over a whole sequence: the equations, the op, and the
 * implementation in plain tfjs ops that runs on every device.
 *
 * The form is Keras' `reset_after=True`, which is cuDNN's: Cho et al. 2014,
 * https://arxiv.org/abs/1406.1078v1, with the reset gate after the recurrent
 * product. With W the kernel, R the recurrent kernel, b and c the two rows of the
 * bias, σ the logistic function and ⊙ the product element by element:
 *
 * ```text
 * z = σ(x·W_z + b_z + h·R_z + c_z)          how much of the old state stays
 * r = σ(x·W_r + b_r + h·R_r + c_r)          how much of it the candidate sees
 * q = h·R_h + c_h
 * ĥ = tanh(x·W_h + b_h + r ⊙ q)             the candidate
 * h′ = z ⊙ h + (1 − z) ⊙ ĥ
 * ```
 *
 * Backwards, with g the gradient of the loss by h′:
 *
 * ```text
 * dĥ = g ⊙ (1 − z) ⊙ (1 − ĥ²)
 * dz = g ⊙ (h − ĥ) ⊙ z ⊙ (1 − z)
 * dr = dĥ ⊙ q ⊙ r ⊙ (1 − r)
 * D = [dz, dr, dĥ]           by the input side:     dx = D·Wᵀ, dW = Σ xᵀ·D, db = Σ D
 * E = [dz, dr, dĥ ⊙ r]       by the recurrent side: dR = Σ hᵀ·E, dc = Σ E
 * dh = g ⊙ z + E·Rᵀ          on to the step before
 * ```
 *
 * What makes it fast is what stays out of the time loop: x·W for all steps is one
 * product before it, and dx, dW and dR are one product each after it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What one GRU layer reads. */
export interface GruInputs {
  /** `[batch, time, inputDim]` */
  readonly inputs: tf.Tensor3D;
  /** `[batch, rnnUnits]`, the hidden state before the first step */
  readonly initialState: tf.Tensor2D;
  /** `[inputDim, 3 · rnnUnits]`, the columns of update, reset and candidate */
  readonly kernel: tf.Tensor2D;
  /** `[rnnUnits, 3 · rnnUnits]` */
  readonly recurrentKernel: tf.Tensor2D;
  /** `[2, 3 · rnnUnits]`, one row for the input side and one for the recurrent */
  readonly bias: tf.Tensor2D;
}

/** The kernel of the forward pass: `GruInputs` → hidden states and what backward needs. */
export const gruForward = "FolioGru";
/** The kernel of the backward pass: inputs, saved and gradient → five gradients. */
export const gruBackward = "FolioGruGrad";

/**
 * Runs a GRU layer over a sequence, with a gradient of its own.
 *
 * @param gru the sequence, the state before it and the weights
 * @returns the hidden state after each step, `[batch, time, rnnUnits]`; the last
 * is the state to go on from
 */
export function gru(gru: GruInputs): tf.Tensor3D {
  const engine = tf.engine();
  const { inputs, initialState, kernel, recurrentKernel, bias } = gru;
  const run = (training: boolean) =>
    engine.runKernel(gruForward, { ...gru }, {
      training,
    }) as unknown as tf.Tensor[];
  // Without a tape nothing will ask for a gradient, so nothing need be saved for one.
  if (!isTapeOn()) return run(false)[0] as tf.Tensor3D;

  const op = tf.customGrad((...args) => {
    const save = args.pop() as unknown as tf.GradSaveFunc;
    const [hidden, ...saved] = run(true);
    save([...args as tf.Tensor[], ...saved]);
    return {
      value: hidden,
      gradFunc: (gradient: tf.Tensor, values: tf.Tensor[]) => {
        const [inputs, initialState, kernel, recurrentKernel, bias, ...saved] = values;
        const named = {
          inputs,
          initialState,
          kernel,
          recurrentKernel,
          bias,
          gradient,
        };
        saved.forEach((tensor, i) => Object.assign(named, { [`saved${i}`]: tensor }));
        return engine.runKernel(gruBackward, named) as unknown as tf.Tensor[];
      },
    };
  });
  return op(inputs, initialState, kernel, recurrentKernel, bias) as tf.Tensor3D;
}

/** Whether tfjs is recording ops for a gradient; its own `isTapeOn` is private. */
function isTapeOn(): boolean {
  return (tf.engine() as unknown as { isTapeOn(): boolean }).isTapeOn();
}

/** Registers the plain implementation below for a backend. */
export function registerPlainGru(backendName: string): void {
  for (
    const [kernelName, run] of [[gruForward, plainForward], [
      gruBackward,
      plainBackward,
    ]] as const
  ) {
    if (tf.getKernel(kernelName, backendName)) {
      tf.unregisterKernel(kernelName, backendName);
    }
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const outputs = tf.tidy(() => run(inputs as never, attrs as never));
        return outputs;
      },
    });
  }
}

/** The time axis first, as one tensor a step: `[batch, time, n]` → time × `[batch, n]`. */
function steps(sequence: tf.Tensor3D): tf.Tensor2D[] {
  const [batch, time, n] = sequence.shape;
  const timeMajor = tf.transpose(sequence, [1, 0, 2]).reshape([
    time * batch,
    n,
  ]);
  return tf.split(timeMajor, time) as tf.Tensor2D[];
}

/** time × `[batch, n]` → `[time · batch, n]`, all steps below each other. */
function rows(tensors: readonly tf.Tensor2D[]): tf.Tensor2D {
  return tf.concat([...tensors], 0);
}

/** `[time · batch, n]` → `[batch, time, n]` */
function batchMajor(timeMajor: tf.Tensor2D, batch: number): tf.Tensor3D {
  const [all, n] = timeMajor.shape;
  return tf.transpose(timeMajor.reshape([all / batch, batch, n]), [
    1,
    0,
    2,
  ]) as tf.Tensor3D;
}

function plainForward(
  { inputs, initialState, kernel, recurrentKernel, bias }: GruInputs,
  { training }: { training: boolean },
): tf.Tensor[] {
  const [batch, time, inputDim] = inputs.shape;
  const units = initialState.shape[1];
  const [inputBias, recurrentBias] = tf.split(bias, 2); // [1, 3·units] each
  const projected = tf.add(
    tf.matMul(inputs.reshape([batch * time, inputDim]) as tf.Tensor2D, kernel),
    inputBias,
  ).reshape([batch, time, 3 * units]) as tf.Tensor3D;
  const saved: tf.Tensor2D[] = []; // [batch, 4·units] a step: z, r, ĥ, q
  const hidden: tf.Tensor2D[] = [];
  let h = initialState;
  for (const x of steps(projected)) {
    const [next, gates] = tf.tidy(() => {
      const [xz, xr, xh] = tf.split(x, 3, 1);
      const recurrent = tf.add(tf.matMul(h, recurrentKernel), recurrentBias);
      const [hz, hr, q] = tf.split(recurrent, 3, 1);
      const z = tf.sigmoid(tf.add(xz, hz));
      const r = tf.sigmoid(tf.add(xr, hr));
      const candidate = tf.tanh(tf.add(xh, tf.mul(r, q)));
      const next = tf.add(
        candidate,
        tf.mul(z, tf.sub(h, candidate)),
      ) as tf.Tensor2D;
      return [
        next,
        training ? tf.concat([z, r, candidate, q], 1) as tf.Tensor2D : next,
      ];
    });
    hidden.push(next);
    if (training) saved.push(gates);
    h = next;
  }
  const sequence = batchMajor(rows(hidden), batch);
  return training ? [sequence, rows([initialState, ...hidden]), rows(saved)] : [sequence];
}

interface PlainGradientInputs extends GruInputs {
  readonly gradient: tf.Tensor3D;
  /** `[(time + 1) · batch, units]`: the hidden states, the first one included */
  readonly saved0: tf.Tensor2D;
  /** `[time · batch, 4 · units]` */
  readonly saved1: tf.Tensor2D;
}

function plainBackward(args: PlainGradientInputs): tf.Tensor[] {
  const { inputs, initialState, kernel, recurrentKernel, gradient } = args;
  const [batch, time, inputDim] = inputs.shape;
  const hidden = tf.split(args.saved0, time + 1) as tf.Tensor2D[];
  const gates = tf.split(args.saved1, time) as tf.Tensor2D[];
  const outputGradients = steps(gradient);
  const recurrentTransposed = tf.transpose(recurrentKernel) as tf.Tensor2D;
  const inputSide: tf.Tensor2D[] = new Array(time); // D of the module's equations
  const recurrentSide: tf.Tensor2D[] = new Array(time); // E
  let carried = tf.zerosLike(initialState); // [batch, units]
  for (let t = time - 1; t >= 0; t--) {
    const [before, D, E] = tf.tidy(() => {
      const [z, r, candidate, q] = tf.split(gates[t], 4, 1);
      const g = tf.add(outputGradients[t], carried);
      const dCandidate = tf.mul(
        tf.mul(g, tf.sub(1, z)),
        tf.sub(1, tf.square(candidate)),
      );
      const dz = tf.mul(
        tf.mul(g, tf.sub(hidden[t], candidate)),
        tf.mul(z, tf.sub(1, z)),
      );
      const dr = tf.mul(tf.mul(dCandidate, q), tf.mul(r, tf.sub(1, r)));
      const D = tf.concat([dz, dr, dCandidate], 1) as tf.Tensor2D;
      const E = tf.concat([dz, dr, tf.mul(dCandidate, r)], 1) as tf.Tensor2D;
      const before = tf.add(tf.mul(g, z), tf.matMul(E, recurrentTransposed));
      return [before as tf.Tensor2D, D, E];
    });
    carried = before;
    inputSide[t] = D;
    recurrentSide[t] = E;
  }
  const D = rows(inputSide); // [time·batch, 3·units]
  const E = rows(recurrentSide);
  const timeMajorInputs = tf.transpose(inputs, [1, 0, 2]).reshape([
    time * batch,
    inputDim,
  ]);
  const before = rows(hidden.slice(0, time)); // [time·batch, units]
  return [
    batchMajor(tf.matMul(D, tf.transpose(kernel)), batch),
    carried,
    tf.matMul(tf.transpose(timeMajorInputs), D),
    tf.matMul(tf.transpose(before), E),
    tf.stack([tf.sum(D, 0), tf.sum(E, 0)]),
  ];
}
