import { Page } from "../../ui/Page";

export function Broadcast() {
    return <Page title="Broadcast">…</Page>;
}
