package tablet;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/** The identity a tablet keeps for life: "collect:" and 16 letters or digits, sent with every request (A2). */
final class DeviceId {
    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static final SecureRandom CHANCE = new SecureRandom();

    private DeviceId() {}

    static String of(Path work) throws IOException {
        Path file = work.resolve("device-id");
        if (!Files.exists(file)) Disk.write(file, ("collect:" + token(16)).getBytes(StandardCharsets.UTF_8));
        return Files.readString(file).trim();
    }

    static String token(int length) {
        StringBuilder token = new StringBuilder();
        for (int i = 0; i < length; i++) token.append(ALPHABET.charAt(CHANCE.nextInt(ALPHABET.length())));
        return token.toString();
    }
}
