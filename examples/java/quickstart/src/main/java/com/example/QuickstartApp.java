package com.example;

import software.amazon.awscdk.App;
import software.amazon.awscdk.StackProps;

public final class QuickstartApp {
    public static void main(final String[] args) {
        App app = new App();
        new QuickstartStack(app, "Quickstart", StackProps.builder()
                .description("Archives that land under incoming/ are unpacked into a results bucket")
                .build());
        app.synth();
    }
}
