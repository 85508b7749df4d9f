import { type FormEvent, useState } from 'react';
import { signIn } from '../api';

export function Login({ why, entered }: { why: string; entered: () => Promise<void> }) {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await signIn(String(form.get('login')), String(form.get('password')));
      await entered();
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <main className="entrance">
      <form className="card" onSubmit={(event) => void submit(event)}>
        <h1>Check-in board</h1>
        {why && (
          <p className="fine" role="status">
            {why}
          </p>
        )}
        <div className="field">
          <label htmlFor="login">Name</label>
          <input id="login" name="login" autoComplete="username" autoCapitalize="none" required />
        </div>
        <div className="field">
          <label htmlFor="password">Password</label>
          <input id="password" name="password" type="password" autoComplete="current-password" required />
        </div>
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" className="primary" disabled={busy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
