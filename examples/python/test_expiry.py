"""`LISTENPOST=dist/listenpost python3 -m unittest discover examples/python`"""

import unittest

from bot import Bot
from listenpost import API_KEY, Emulator


class Expiry(unittest.TestCase):
    def test_the_key_expires_during_a_partial_fill(self):
        with Emulator() as emulator:
            bot = Bot(emulator.http, emulator.ws, API_KEY)
            self.addCleanup(bot.close)
            emulator.trigger("order.partially-filled", product="usdm", qty="0.030", fills=2)
            emulator.advance("61m")
            emulator.assert_received(method="POST", path="/fapi/v1/listenKey", times=2)
            self.assertTrue(bot.until(lambda bot: len(bot.keys) == 2))
            emulator.trigger("order.filled", product="usdm", orderId="last")
            self.assertTrue(bot.until(lambda bot: bot.position == 0.03))


if __name__ == "__main__":
    unittest.main()
