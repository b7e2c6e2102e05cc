/**
 * What folio makes of a case on the current device.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { Adam, type AdamForm, CharModel, sparseCategoricalCrossentropy } from "folio";
import { assignWeights } from "../../lib/model/weights.ts";
import { adamSteps, caseTensors, type ParityCase } from "./cases.ts";

/** Numbers by the name of what they are: `logits`, `loss`, `gradient/dense.bias`, `losses`. */
export type Answer = ReadonlyMap<string, ArrayLike<number>>;

/** Logits, loss and all gradients of the case's one batch. */
export async function folioValues(parityCase: ParityCase): Promise<Answer> {
  const { model, inputs, targets } = modelOf(parityCase);
  const { network } = model;
  const [xs, ys] = [inputs(0), targets(0)];
  const logits = network.apply(xs) as tf.Tensor;
  const { value, grads } = tf.variableGrads(
    () => sparseCategoricalCrossentropy(ys, network.apply(xs) as tf.Tensor),
    network.variables(),
  );
  const answer = new Map<string, ArrayLike<number>>();
  answer.set("logits", (await logits.data()).slice());
  answer.set("loss", (await value.data()).slice());
  for (const { name, variable } of model.weights()) {
    answer.set(`gradient/${name}`, (await grads[variable.name]!.data()).slice());
  }
  tf.dispose([xs, ys, logits, value, grads]);
  model.dispose();
  return answer;
}

/** The losses before each of ten steps of Adam. */
export async function folioLosses(parityCase: ParityCase, form: AdamForm): Promise<Answer> {
  const { model, inputs, targets } = modelOf(parityCase);
  const { network } = model;
  const optimizer = new Adam({ form });
  network.compile({ optimizer, loss: sparseCategoricalCrossentropy });
  const losses: number[] = [];
  for (let step = 0; step < adamSteps; step++) {
    const [xs, ys] = [inputs(step), targets(step)];
    const loss = network.trainStep(xs, ys);
    losses.push((await loss.data())[0]!);
    tf.dispose([xs, ys, loss]);
  }
  model.dispose();
  optimizer.dispose();
  return new Map([["losses", losses]]);
}

function modelOf(parityCase: ParityCase) {
  const { config, batch, time } = parityCase;
  const tensors = new Map(caseTensors(parityCase).map((record) => [record.name, record]));
  const ids = (name: string) => {
    const { data } = tensors.get(name)!;
    tensors.delete(name);
    return (step: number) => {
      const part = data.slice(step * batch * time, (step + 1) * batch * time);
      return tf.tensor2d(part, [batch, time], "int32");
    };
  };
  const [inputs, targets] = [ids("inputs"), ids("targets")];
  const model = new CharModel(config);
  assignWeights(model.weights(), tensors);
  return { model, inputs, targets };
}
