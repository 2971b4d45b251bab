package beekeeper.lab;

import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;

/** Lets every client in: HiveMQ refuses all of them as long as no security extension is there. For tests only. */
public final class AllowAll implements ExtensionMain {

    private static final SimpleAuthenticator AUTHENTICATOR = (input, output) -> output.authenticateSuccessfully();

    @Override
    public void extensionStart(final ExtensionStartInput input, final ExtensionStartOutput output) {
        Services.securityRegistry().setAuthenticatorProvider(ignored -> AUTHENTICATOR);
    }

    @Override
    public void extensionStop(final ExtensionStopInput input, final ExtensionStopOutput output) {
        // HiveMQ removes the provider itself when an extension stops.
    }
}
