import { Page } from "../../ui/Page";

export function Broadcasts() {
    return <Page title="Broadcasts">…</Page>;
}
