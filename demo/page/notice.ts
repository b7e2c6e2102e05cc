/// <reference lib="dom" />
import { element } from "./element.ts";

/** What went wrong, and the way out. */
export interface NoticeContent {
  readonly title: string;
  readonly text: string;
  /** What a button under it does. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Shows what went wrong, where everybody sees and hears it. */
export function showNotice({ title, text, action }: NoticeContent): void {
  const heading = document.createElement("h2");
  heading.textContent = title;
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  const notice = element("notice", HTMLDivElement);
  notice.replaceChildren(heading, paragraph);
  if (action === undefined) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = action.label;
  button.addEventListener("click", () => {
    clearNotice();
    action.run();
  });
  notice.append(button);
}

/** Takes it away again. */
export function clearNotice(): void {
  element("notice", HTMLDivElement).replaceChildren();
}

/** The message of whatever was thrown, as a sentence. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/[.\s]*$/, ".");
}
