// Which view is at which address, in the shell that is around all of them.

import { LocationProvider, Route, Router } from "preact-iso";

import { Shell } from "./shell/shell";
import { Account } from "./views/account";
import { Admin } from "./views/admin";
import { JobPage } from "./views/job_page";
import { Jobs } from "./views/jobs";
import { Missing } from "./views/missing";
import { Overview } from "./views/overview";
import { ProviderPage } from "./views/provider_page";
import { Providers } from "./views/providers";
import { Search } from "./views/search";

// What the API serves itself, GraphiQL above all, is no view of ours: the browser loads it.
const OURS = /^\/(?!graphql|api|static|ready|health|metrics)/;

export function App() {
  return (
    <LocationProvider scope={OURS}>
      <Shell>
        <Router onRouteChange={() => scrollTo(0, 0)}>
          <Route path="/" component={Overview} />
          <Route path="/jobs" component={Jobs} />
          <Route path="/jobs/:jobId" component={JobPage} />
          <Route path="/providers" component={Providers} />
          <Route path="/providers/:address" component={ProviderPage} />
          <Route path="/search" component={Search} />
          <Route path="/account" component={Account} />
          <Route path="/admin" component={Admin} />
          <Route default component={Missing} />
        </Router>
      </Shell>
    </LocationProvider>
  );
}
