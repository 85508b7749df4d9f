export function SharingSwitch(props: { readonly sharing: boolean; readonly share: (sharing: boolean) => void }) {
  return (
    <footer>
      <label>
        <input type="checkbox" checked={props.sharing} onChange={({ target }) => props.share(target.checked)} /> One
        stream for all tabs of this browser
      </label>
    </footer>
  );
}
