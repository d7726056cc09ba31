import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { tokenWanted, useToken } from '../api.ts';
import { refreshStatus } from '../server.ts';
import { attempt } from './notices.tsx';

interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly action: string;
  readonly act: () => Promise<unknown>;
}

const question = signal<Question | null>(null);

/** Asks before something ends. The question names it: a list may have changed under the pointer. */
export function ask(asked: Question): void {
  question.value = asked;
}

interface ModalProps {
  readonly open: boolean;
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own dialog: it keeps the focus inside, closes on Escape, and gives the focus back. */
function Modal({ open, label, onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open && dialog.current?.open === false) dialog.current.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} aria-label={label} onClose={onClose}>
      {open && children}
    </dialog>
  );
}

export function ConfirmDialog() {
  const asked = question.value;
  const close = () => {
    question.value = null;
  };
  return (
    <Modal open={asked !== null} label={asked?.title ?? 'Confirm'} onClose={close}>
      <h2>{asked?.title}</h2>
      <p>{asked?.text}</p>
      <div class="bar end">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            close();
            if (asked !== null) attempt(asked.act);
          }}
        >
          {asked?.action}
        </button>
      </div>
    </Modal>
  );
}

export function TokenDialog() {
  const reason = tokenWanted.value;
  return (
    <Modal open={reason !== null} label="Admin token" onClose={() => undefined}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget).get('token');
          if (typeof given !== 'string' || given.trim() === '') return;
          useToken(given.trim());
          attempt(refreshStatus);
        }}
      >
        <h2>Admin token</h2>
        <p role="alert">{reason}</p>
        <p class="dim">
          It is one of <code>admin.tokens</code> in the server’s config. The role <code>read</code> shows everything;{' '}
          <code>admin</code> ends keys and sessions too. It is kept until this tab is closed.
        </p>
        <div class="field">
          <label for="token">Token</label>
          <input id="token" name="token" type="password" autocomplete="off" autofocus spellcheck={false} required />
        </div>
        <div class="bar end">
          <button type="submit" class="primary">
            Use it
          </button>
        </div>
      </form>
    </Modal>
  );
}
