/** The Python files that read a bundle. */

/** By target: the file in the project, and what the weights are called that it converts to. */
export const pythonTargets = {
  keras: { file: "interop/folio_keras.py", weights: "model.weights.h5" },
  torch: { file: "interop/folio_torch.py", weights: "model.pt" },
} as const;
